#include "base/kernel_clock.hpp"

#include <sys/timex.h>

namespace portcullis {

KernelClock read_kernel_clock() {
    timex state{};
    const int answer = ::adjtimex(&state);
    const bool in_step = answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    return {in_step, microseconds(state.maxerror)};
}

}  // namespace portcullis
