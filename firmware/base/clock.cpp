#include "base/clock.hpp"

#include <ctime>

#include <fmt/chrono.h>

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
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), (time - whole).count());
}

}  // namespace portcullis
