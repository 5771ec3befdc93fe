#pragma once
// WantedIntake: takes wanted tokens out of the inbox and says of each read whether it may leave a device that
// keeps hits only. Tokens live in memory alone: a device that was switched off knows of none until the broker
// brings them again. While it has none, or they are over, nothing leaves. Thread-bound: the commit thread.

#include "core/reading.hpp"
#include "core/witnessed_clock.hpp"
#include "inbox/inbox.hpp"
#include "wanted/wanted_gate.hpp"

namespace portcullis {

class WantedIntake {
  public:
    /// inbox and clock outlive it.
    WantedIntake(Inbox& inbox, WantedGate gate, const Clock& clock)
        : inbox_(&inbox), gate_(std::move(gate)), clock_(&clock), time_(clock) {}

    /// One lstat when nothing is new. signed_time: the newest time that the collector signed.
    void look(UtcTime signed_time);
    /// quality: of the device's clock.
    [[nodiscard]] bool wants(const Read& read, ClockQuality quality);

    [[nodiscard]] const std::optional<KnownWanted>& in_use() const { return known_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    void take(ByteView blob);
    void tell(bool blind);

    Inbox* inbox_;
    WantedGate gate_;
    const Clock* clock_;
    WitnessedClock time_;
    std::optional<KnownWanted> known_;
    std::optional<BootTime> retry_;
    std::uint64_t refused_ = 0;
    bool told_ = false;
    std::optional<bool> blind_;
};

}  // namespace portcullis
