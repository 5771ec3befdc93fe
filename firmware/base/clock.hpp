#pragma once
// Time comes through a Clock, so that tests can own it. Implementations are thread-safe.

#include <chrono>
#include <string>

namespace portcullis {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Microseconds since 1970-01-01 UTC, as the system clock claims.
using UtcTime = std::chrono::sys_time<microseconds>;
/// Microseconds since boot (CLOCK_BOOTTIME): never steps, counts sleep.
struct BootClock {
    using rep = std::int64_t;
    using period = std::micro;
    using duration = microseconds;
    using time_point = std::chrono::time_point<BootClock, microseconds>;
    static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual UtcTime utc() const = 0;
    [[nodiscard]] virtual BootTime since_boot() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] UtcTime utc() const override;
    [[nodiscard]] BootTime since_boot() const override;
};

/// "2026-11-23T08:15:30.123456Z", for people and JSON.
[[nodiscard]] std::string to_iso8601(UtcTime time);

}  // namespace portcullis
