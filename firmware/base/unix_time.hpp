#pragma once
// A UTC time as the C library and OpenSSL take it. Pure.

#include <chrono>
#include <ctime>

#include "base/clock.hpp"

namespace portcullis {

/// Whole seconds since 1970, rounded down, of any time: system_clock::to_time_t counts nanoseconds and
/// overflows beyond 2262, where a clock that is off may well stand.
[[nodiscard]] constexpr std::time_t unix_seconds(UtcTime time) {
    return static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace portcullis
