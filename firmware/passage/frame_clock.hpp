#pragma once
// FrameClock: the time of one source's frames, made fit to reckon with. It follows the sensor's stamps; one
// that is not after the one before counts as one usual interval, and time goes on from there. So a stamp that
// is wrong once, or a source that begins anew, moves nothing by more than a frame. No wall clock, no time of
// arrival. Thread-bound.

#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace portcullis {

class FrameClock {
  public:
    /// The time of the frame with this stamp: later than that of the frame before. As long as the stamps
    /// ascend it is the stamp.
    [[nodiscard]] BootTime at(BootTime stamp);
    /// Nothing hangs on the time that went by: it is the last stamp again, though that may lie earlier.
    void settle();
    /// Between frames, smoothed; zero until two were seen. At most 2 s: a longer pause is the camera's
    /// trouble, not its rate.
    [[nodiscard]] microseconds usual_interval() const { return usual_interval_; }
    /// How many stamps were not after the one before.
    [[nodiscard]] std::uint64_t backward() const { return backward_; }

  private:
    std::optional<BootTime> stamp_;
    BootTime highest_{};  // of the stamps
    BootTime now_{};
    microseconds usual_interval_{0};
    std::uint64_t backward_ = 0;
};

}  // namespace portcullis
