#pragma once
// FrameClock: when the sensor saw a frame, however wrong the driver's stamps are. What it gives never runs
// backwards and never lies in the future. Thread-bound.

#include <optional>

#include "base/clock.hpp"

namespace portcullis::camera {

inline constexpr std::chrono::seconds max_frame_age{5};  // older than any ring of buffers can hold

class FrameClock {
  public:
    /// now: when the frame came. age: by its stamp; a stamp that is missing, in the future, older than
    /// max_frame_age or not after the frame before counts for nothing, and the time of arrival is taken.
    [[nodiscard]] BootTime taken(BootTime now, std::optional<microseconds> age);
    /// How many stamps were there and counted for nothing.
    [[nodiscard]] std::uint64_t doubted() const { return doubted_; }

  private:
    std::optional<BootTime> last_;
    std::uint64_t doubted_ = 0;
};

}  // namespace portcullis::camera
