#pragma once
// A point in time as people and programs write it. Pure, reentrant.

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace portcullis {

/// "2026-11-25" (its beginning), "2026-11-25T08:15", "2026-11-25T08:15:30", the latter with a fraction of up
/// to six digits, each but the day with or without a Z behind it: UTC in any case.
[[nodiscard]] std::optional<UtcTime> instant_from_string(std::string_view text);

}  // namespace portcullis
