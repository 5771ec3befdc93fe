#include "drivers/camera/replay/pacer.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace portcullis::replay {

Pacer::Pacer(const Clock& clock, std::optional<double> frames_per_second) : clock_(clock) {
    if (frames_per_second) interval_ = microseconds(static_cast<std::int64_t>(1e6 / *frames_per_second));
}

microseconds Pacer::next_wait() {
    if (!interval_) return microseconds{0};
    const BootTime now = clock_.since_boot();
    due_ = due_ ? *due_ + *interval_ : now;
    if (now - *due_ > max_lag) due_ = now;
    return std::max(*due_ - now, microseconds{0});
}

bool wait_for(microseconds time, const std::stop_token& stop) {
    if (time > microseconds{0}) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait_for(lock, stop, time, [] { return false; });
    }
    return !stop.stop_requested();
}

}  // namespace portcullis::replay
