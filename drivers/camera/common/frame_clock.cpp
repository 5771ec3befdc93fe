#include "drivers/camera/common/frame_clock.hpp"

#include <algorithm>

namespace portcullis::camera {

BootTime FrameClock::taken(BootTime now, std::optional<microseconds> age) {
    const bool sane =
        age && *age >= microseconds{0} && *age <= max_frame_age && (!last_ || now - *age > *last_);
    if (age && !sane) ++doubted_;
    const BootTime time = sane ? now - *age : now;
    last_ = last_ ? std::max(time, *last_ + microseconds{1}) : time;
    return *last_;
}

}  // namespace portcullis::camera
