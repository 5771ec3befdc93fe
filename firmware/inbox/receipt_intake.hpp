#pragma once
// ReceiptIntake: the reader's side of the receipts. Takes them out of the inbox, where the uplink put them,
// and releases what they speak of. The uplink has looked at them too, so that a foreign receipt costs
// nothing; that counts for nothing here: the signature does. Thread-bound.

#include <functional>

#include "inbox/inbox.hpp"
#include "inbox/receipt_gate.hpp"
#include "spool/spool.hpp"

namespace portcullis {

/// A refused receipt is looked at again after this, with the certificates as they are then.
inline constexpr std::chrono::minutes receipt_retry{1};

class ReceiptIntake {
  public:
    /// Whose receipts count, read anew from the files: a renewed certificate needs no restart.
    using LoadTrust = std::function<Result<TrustStore>()>;

    /// inbox, spool and clock outlive it. Errors: those of load_trust (configuration).
    [[nodiscard]] static Result<ReceiptIntake> create(Inbox& inbox, std::string device, LoadTrust load_trust,
                                                      Spool& spool, const Clock& clock);

    /// Releases what a new receipt speaks of; costs one lstat when there is none. Nothing that stands in the
    /// inbox makes it fail: what is wrong is told in the log, once until a good one comes. What the spool
    /// could not do now is done with the next call.
    void look();

    [[nodiscard]] std::uint64_t released() const { return released_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    /// The newest time that the collector signed for us: it is not earlier. 1970 before the first receipt.
    [[nodiscard]] UtcTime signed_time() const { return signed_time_; }

  private:
    ReceiptIntake(Inbox& inbox, std::string device, LoadTrust load_trust, TrustStore trust, Spool& spool,
                  const Clock& clock);
    [[nodiscard]] Result<std::uint64_t> release(ByteView blob);
    void refuse(const std::string& name, const Error& error);
    void reload_trust();

    Inbox* inbox_;
    std::string device_;
    LoadTrust load_trust_;
    ReceiptGate gate_;
    Spool* spool_;
    const Clock* clock_;
    std::optional<BootTime> retry_;
    std::uint64_t released_ = 0;
    std::uint64_t refused_ = 0;
    UtcTime signed_time_{};
    bool told_ = false;
};

}  // namespace portcullis
