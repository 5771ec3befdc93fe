#include "passage/frame_clock.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::chrono::seconds longest_interval{2};
constexpr microseconds first_interval{40'000};  // of a source whose second stamp goes back already

}  // namespace

BootTime FrameClock::at(BootTime stamp) {
    if (!stamp_) {
        stamp_ = highest_ = now_ = stamp;
        return now_;
    }
    microseconds step = stamp - *stamp_;
    stamp_ = stamp;
    if (step.count() <= 0) {
        ++backward_;
        now_ += usual_interval_.count() > 0 ? usual_interval_ : first_interval;
        return now_;
    }
    if (stamp > highest_) {  // back where it was before a stamp that was wrong
        step = std::min<microseconds>(step, stamp - highest_);
        highest_ = stamp;
    }
    const microseconds interval = std::min<microseconds>(step, longest_interval);
    usual_interval_ = usual_interval_.count() == 0 ? interval : (usual_interval_ * 3 + interval) / 4;
    now_ += step;
    return now_;
}

void FrameClock::settle() {
    if (stamp_) highest_ = now_ = *stamp_;
}

}  // namespace portcullis
