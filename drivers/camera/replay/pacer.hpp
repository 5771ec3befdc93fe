#pragma once
// Pacer: when the next frame is due. Thread-bound.

#include <optional>
#include <stop_token>

#include "base/clock.hpp"

namespace portcullis::replay {

/// A consumer that falls this far behind gets a fresh start instead of a burst of frames.
inline constexpr std::chrono::seconds max_lag{1};

class Pacer {
  public:
    /// frames_per_second: nothing for "as fast as they are taken". clock outlives the pacer.
    Pacer(const Clock& clock, std::optional<double> frames_per_second);

    /// Counts one frame and says how long to wait for it; 0 when it is due or late.
    [[nodiscard]] microseconds next_wait();

  private:
    const Clock& clock_;
    std::optional<microseconds> interval_;
    std::optional<BootTime> due_;
};

/// Waits, at most until stop is asked for. False when it was.
[[nodiscard]] bool wait_for(microseconds time, const std::stop_token& stop);

}  // namespace portcullis::replay
