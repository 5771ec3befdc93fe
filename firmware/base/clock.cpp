#include "base/clock.hpp"

#include <ctime>

#include <fmt/chrono.h>

#include "base/unix_time.hpp"

namespace portcullis {

namespace {

microseconds read_clock(clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return std::chrono::seconds(now.tv_sec) + microseconds(now.tv_nsec / 1000);
}

}  // namespace

UtcTime SystemClock::utc() const {
    return UtcTime(read_clock(CLOCK_REALTIME));
}
BootTime SystemClock::since_boot() const {
    return BootTime(read_clock(CLOCK_BOOTTIME));
}

std::string to_iso8601(UtcTime time) {
    const std::time_t seconds = unix_seconds(time);
    const auto rest = time.time_since_epoch() - std::chrono::seconds(seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds), rest.count());
}

}  // namespace portcullis
