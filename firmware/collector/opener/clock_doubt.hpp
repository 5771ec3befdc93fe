#pragma once
// What a device's clock is worth: its claim of when a read was captured, held against what the collector
// knows (security design 3.1). Pure, reentrant.

#include <optional>

#include "base/clock.hpp"
#include "core/clock_watch.hpp"
#include "core/verdict.hpp"

namespace portcullis {

/// Honest clocks of device and collector differ, and a capture is the frame's instant, not the record's.
inline constexpr std::chrono::seconds clock_tolerance{10};

/// after: time of the newest receipt that the device had (T1), if it had one that we know; before: when the
/// read came (T2).
[[nodiscard]] ClockDoubt doubt_clock(ClockQuality quality, UtcTime claimed, std::optional<UtcTime> after,
                                     UtcTime before);

}  // namespace portcullis
