#pragma once
// A point in time as people write it on the command line. Reentrant.

#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace portcullis {

inline constexpr std::string_view time_rule =
    "write a day, as 2026-11-25 (UTC), a minute or second, as 2026-11-25T08:15 or 2026-11-25T08:15:30, or "
    "how "
    "far back, as 12h or 7d";

/// Errors: configuration (names the option and the rule).
[[nodiscard]] Result<UtcTime> time_from_option(std::string_view option, std::string_view text, UtcTime now);

}  // namespace portcullis
