#pragma once
// What the kernel itself says of UTC: whether something keeps it in step. Reentrant.

#include "base/clock.hpp"

namespace portcullis {

/// adjtimex(2). Its estimate of the error grows by 500 us a second until a time source corrects it, and at
/// 16 s the kernel calls its clock unsynchronised by itself (include/linux/timex.h: MAXFREQ,
/// NTP_PHASE_LIMIT).
struct KernelClock {
    bool in_step = false;  // not STA_UNSYNC, not TIME_ERROR
    microseconds max_error{0};
};

/// A kernel that does not answer (a filter forbids the call) is not in step.
[[nodiscard]] KernelClock read_kernel_clock();

}  // namespace portcullis
