#include "seal/device_recipients.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/log.hpp"

namespace portcullis {

namespace {

constexpr unsigned kept_mode = 0640;

X509Ptr share(const X509Ptr& certificate) {
    X509_up_ref(certificate.get());
    return X509Ptr(certificate.get());
}

bool is_picture(Purpose purpose) {
    return purpose == Purpose::plate || purpose == Purpose::overview;
}

std::vector<X509Ptr>& audience_of(Audiences& audiences, Purpose purpose) {
    switch (purpose) {
        case Purpose::plate:
            return audiences.plate;
        case Purpose::overview:
            return audiences.overview;
        case Purpose::health:
            return audiences.health;
        case Purpose::read:
            break;
    }
    return audiences.read;
}

}  // namespace

Result<DeviceRecipients> DeviceRecipients::create(const RecipientSetRules& rules, std::filesystem::path kept,
                                                  const Clock& clock) {
    DeviceRecipients recipients(TRY(RecipientSetGate::create(rules)), std::move(kept), clock);
    recipients.load_kept();
    return recipients;
}

void DeviceRecipients::load_kept() {
    const auto blob = read_file(kept_, max_recipient_set_bytes);
    if (!blob && blob.error().code() == ErrorCode::not_found) {
        log_warning("seal", "no recipient set in {} yet: nothing is recorded until one comes",
                    kept_.string());
        return;
    }
    // It was believed once; its age is judged when it is used.
    auto known = blob ? gate_.open(*blob, std::nullopt, UtcTime())
                      : Result<KnownRecipients>(fail(Error(blob.error())));
    if (!known) {
        log_error("seal", "{}: {}; waiting for another set", kept_.string(), known.error().message());
        return;
    }
    time_.witness(known->set.issued);
    known_ = std::move(*known);
    log_info("seal", "recipient set: version={} issued={}", known_->set.version,
             to_iso8601(known_->set.issued));
}

Result<bool> DeviceRecipients::offer(ByteView blob) {
    std::optional<SetInUse> in_use;
    if (known_) in_use = SetInUse{known_->set.version, known_->digest};
    KnownRecipients known = TRY(gate_.open(blob, in_use, time_.least()));
    if (known_ && known.digest == known_->digest) return false;
    // Durable first: a device that went back to the set before would seal to whom policy took away.
    TRY(write_file_atomically(kept_, blob, kept_mode));
    time_.witness(known.set.issued);
    known_ = std::move(known);
    log_info("seal", "recipient set: version={} issued={}", known_->set.version,
             to_iso8601(known_->set.issued));
    return true;
}

SetAge DeviceRecipients::age(ClockQuality quality) const {
    return known_ ? age_of(known_->set.issued, time_.judged(quality)) : SetAge::over;
}

void DeviceRecipients::tell(SetAge age) {
    const std::string version =
        fmt::format("version={} issued={}", known_->set.version, to_iso8601(known_->set.issued));
    switch (age) {
        case SetAge::fresh:
            log_info("seal", "recipients: fresh, {}", version);
            break;
        case SetAge::stale:
            log_warning("seal", "recipients: no new set for {} days, going on with {}", set_fresh_for.count(),
                        version);
            break;
        case SetAge::reads_only:
            log_error("seal", "degraded: no new recipient set for {} days: no pictures are kept any more; {}",
                      (set_fresh_for + set_stale_for).count(), version);
            break;
        case SetAge::over:
            log_error("seal", "degraded: no new recipient set for {} days: nothing is recorded any more; {}",
                      (set_fresh_for + set_stale_for + set_reads_for).count(), version);
            break;
    }
}

Audiences DeviceRecipients::audiences(const Applied& wanted) const {
    Audiences audiences;
    audiences.set = wanted.set;
    audiences.stale = wanted.age != SetAge::fresh;
    for (const std::size_t i : wanted.entries)
        audience_of(audiences, known_->set.entries[i].purpose).push_back(share(known_->certificates[i]));
    return audiences;
}

void DeviceRecipients::apply(Sealer& sealer, ClockQuality quality) {
    if (!known_) return;
    const UtcTime now = time_.judged(quality);
    Applied wanted{known_->digest, age_of(known_->set.issued, now), {}};
    for (const Purpose purpose : all_purposes) {
        if (wanted.age == SetAge::over || (wanted.age == SetAge::reads_only && is_picture(purpose))) continue;
        const std::vector<std::size_t> chosen = known_->in_force(purpose, now);
        wanted.entries.insert(wanted.entries.end(), chosen.begin(), chosen.end());
    }
    if (applied_ == wanted) return;
    if (const auto done = sealer.replace_audiences(audiences(wanted)); !done) {
        log_error("seal", "recipient set: {}; going on with the recipients before", done.error().message());
        return;
    }
    if (!applied_ || applied_->age != wanted.age) tell(wanted.age);
    applied_ = std::move(wanted);
}

}  // namespace portcullis
