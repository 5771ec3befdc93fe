#pragma once
// How far this machine's UTC can be trusted, as its kernel says. Thread-safe.

#include "core/frame.hpp"

namespace portcullis::camera {

/// ntp when something disciplines the kernel's clock (adjtimex), else rtc.
[[nodiscard]] ClockQuality measured_clock_quality();

}  // namespace portcullis::camera
