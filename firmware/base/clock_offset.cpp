#include "base/clock_offset.hpp"

#include <sys/timex.h>

namespace portcullis {

microseconds kernel_clock_offset() {
    timex state{};
    const int answer = ::adjtimex(&state);
    if (answer < 0 || answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) return microseconds{0};
    const std::int64_t divisor = (state.status & STA_NANO) != 0 ? 1000 : 1;
    return microseconds(state.offset / divisor);
}

}  // namespace portcullis
