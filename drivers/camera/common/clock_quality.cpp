#include "drivers/camera/common/clock_quality.hpp"

#include <sys/timex.h>

namespace portcullis::camera {

ClockQuality measured_clock_quality() {
    timex state{};
    const int answer = ::adjtimex(&state);
    const bool synchronised = answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    return synchronised ? ClockQuality::ntp : ClockQuality::rtc;
}

}  // namespace portcullis::camera
