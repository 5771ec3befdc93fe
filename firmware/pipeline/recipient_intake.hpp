#pragma once
// RecipientIntake: takes recipient sets out of the inbox, where the uplink puts them, and keeps the sealer on
// whom they name. Nothing that stands in the inbox is believed for standing there: the policy key's signature
// is what counts. Thread-bound: the commit thread, between two records.

#include "inbox/inbox.hpp"
#include "seal/device_recipients.hpp"

namespace portcullis {

class RecipientIntake {
  public:
    /// All outlive it.
    RecipientIntake(Inbox& inbox, DeviceRecipients& recipients, Sealer& sealer, const Clock& clock)
        : inbox_(&inbox), recipients_(&recipients), sealer_(&sealer), clock_(&clock) {}

    /// One lstat when nothing is new. signed_time: the newest time that the collector signed.
    void look(UtcTime signed_time);
    /// Before a record is sealed: whom to seal to, by a clock of this quality.
    void choose(ClockQuality quality) {
        quality_ = quality;
        recipients_->apply(*sealer_, quality);
    }

    [[nodiscard]] std::uint64_t taken() const { return taken_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    void refuse(const Error& error);

    Inbox* inbox_;
    DeviceRecipients* recipients_;
    Sealer* sealer_;
    const Clock* clock_;
    ClockQuality quality_ = ClockQuality::none;
    std::optional<BootTime> retry_;
    std::uint64_t taken_ = 0;
    std::uint64_t refused_ = 0;
    bool told_ = false;
};

}  // namespace portcullis
