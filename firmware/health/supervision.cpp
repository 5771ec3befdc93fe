#include "health/supervision.hpp"

#include <algorithm>

namespace portcullis {

std::optional<LateStage> Supervision::look() {
    const BootTime now = clock_->since_boot();
    if (now - looked_ > supervisor_asleep) awake_since_ = now;
    looked_ = now;
    std::optional<LateStage> worst;
    for (const Heartbeat* heartbeat : heartbeats_) {
        microseconds age = heartbeat->age();
        if (awake_since_) age = std::min<microseconds>(age, now - *awake_since_);
        const microseconds late = age - heartbeat->patience();
        if (late <= microseconds{0} || (worst && worst->age >= age)) continue;
        worst = LateStage{heartbeat->stage(), age, late > hang_grace};
    }
    return worst;
}

}  // namespace portcullis
