#pragma once
// How far the kernel still slews UTC, by adjtimex(2). Reentrant.

#include "base/clock.hpp"

namespace portcullis {

/// 0 while nothing keeps the clock in step, or the kernel does not answer.
[[nodiscard]] microseconds kernel_clock_offset();

}  // namespace portcullis
