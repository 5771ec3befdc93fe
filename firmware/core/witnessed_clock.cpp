#include "core/witnessed_clock.hpp"

#include <algorithm>

namespace portcullis {

namespace {

/// Somebody sets such a clock; a bare real-time clock may have lost its battery years ago.
bool is_set_by_somebody(ClockQuality quality) {
    return quality != ClockQuality::none && quality != ClockQuality::rtc;
}

}  // namespace

void WitnessedClock::witness(UtcTime time) {
    if (time <= least()) return;
    witnessed_ = time;
    witnessed_at_ = clock_->since_boot();
}

UtcTime WitnessedClock::judged(ClockQuality quality) const {
    return is_set_by_somebody(quality) ? std::max(clock_->utc(), least()) : least();
}

}  // namespace portcullis
