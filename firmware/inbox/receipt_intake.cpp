#include "inbox/receipt_intake.hpp"

#include "base/log.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

ReceiptIntake::ReceiptIntake(Inbox& inbox, std::string device, LoadTrust load_trust, TrustStore trust,
                             Spool& spool, const Clock& clock)
    : inbox_(&inbox),
      device_(std::move(device)),
      load_trust_(std::move(load_trust)),
      gate_(std::move(trust), device_),
      spool_(&spool),
      clock_(&clock) {}

Result<ReceiptIntake> ReceiptIntake::create(Inbox& inbox, std::string device, LoadTrust load_trust,
                                            Spool& spool, const Clock& clock) {
    TrustStore trust = TRY(with_context(load_trust(), "receipts"));
    return ReceiptIntake(inbox, std::move(device), std::move(load_trust), std::move(trust), spool, clock);
}

void ReceiptIntake::look() {
    const std::string name = receipt_name(spool_->head().chain);
    if (retry_ && clock_->since_boot() >= *retry_) {
        retry_.reset();
        reload_trust();
        inbox_->again(name);
    }
    const auto blob = inbox_->poll(name, max_signed_bytes);
    if (!blob) return;
    // A deny list counts from the moment that it is replaced.
    if (const auto refreshed = gate_.refresh_trust(); !refreshed)
        log_error("receipts", "{}; going on with the old lists", refreshed.error().message());
    const auto released = release(*blob);
    if (released) {
        released_ += *released;
        told_ = false;
        retry_.reset();
        return;
    }
    if (released.error().code() == ErrorCode::refused) return refuse(name, released.error());
    log_warning("receipts", "{}; trying again", released.error().message());
    inbox_->again(name);
}

Result<std::uint64_t> ReceiptIntake::release(ByteView blob) {
    const Receipt receipt = TRY(gate_.open(blob, clock_->utc()));
    signed_time_ = std::max(signed_time_, receipt.time);
    return spool_->release(receipt.chain, receipt.upto, receipt.link, sha256(blob));
}

void ReceiptIntake::refuse(const std::string& name, const Error& error) {
    ++refused_;
    if (!retry_) retry_ = clock_->since_boot() + receipt_retry;
    if (std::exchange(told_, true)) return;
    log_error(
        "receipts",
        "a receipt in the inbox is refused, nothing released: file={} why=\"{}\" cure=\"compare [receipts] "
        "of reader.toml with uplink.toml; when they are the same, look who writes the inbox\"",
        (inbox_->folder() / name).string(), error.message());
}

void ReceiptIntake::reload_trust() {
    auto trust = load_trust_();
    if (trust)
        gate_ = ReceiptGate(std::move(*trust), device_);
    else
        log_error("receipts", "{}; going on with the old certificates", trust.error().message());
}

}  // namespace portcullis
