#pragma once
// Times of which the plate index may lack something, as answers tell them. Pure functions, reentrant.

#include <vector>

#include "collector/link/strict_json.hpp"

namespace portcullis {

/// In one answer.
inline constexpr std::size_t max_told_holes = 8;

/// What was judged in this time may be missing.
struct ToldHole {
    UtcTime first{};
    UtcTime last{};
    bool operator==(const ToldHole&) const = default;
};

[[nodiscard]] nlohmann::json json_of(const std::vector<ToldHole>& holes);
/// Of the key: a list of [first, last], us since 1970; complains of anything else.
[[nodiscard]] std::vector<ToldHole> holes_field(StrictJson& json, const char* key);

}  // namespace portcullis
