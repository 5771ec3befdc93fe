#pragma once
// WitnessedClock: what time it is at least, on a device whose own clock may be years off: not earlier than
// the newest time that the collector, or a policy key, has signed. Thread-bound.

#include "base/clock.hpp"
#include "core/frame.hpp"

namespace portcullis {

class WitnessedClock {
  public:
    /// clock outlives it.
    explicit WitnessedClock(const Clock& clock) : clock_(&clock) {}

    /// A time that somebody whose word counts has signed.
    void witness(UtcTime time);
    [[nodiscard]] UtcTime least() const { return witnessed_ + (clock_->since_boot() - witnessed_at_); }
    /// quality: of the device's clock, which counts only when somebody sets it.
    [[nodiscard]] UtcTime judged(ClockQuality quality) const;

  private:
    const Clock* clock_;
    UtcTime witnessed_{};      // certainly not earlier ...
    BootTime witnessed_at_{};  // ... at this time since boot
};

}  // namespace portcullis
