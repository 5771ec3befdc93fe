#pragma once
// Wanted tokens: what a device is told of a hotlist. Enough to know a plate that may be wanted when it reads
// one, too little to tell which plates those are: many share each token. Values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace portcullis {

/// Of each token. A layout of three letters and four digits alone has 26^3 x 10^4 plates: at twenty bits each
/// token stands for 168 of them, and for more of every longer layout.
inline constexpr unsigned min_wanted_bits = 12;
inline constexpr unsigned max_wanted_bits = 20;
/// So many tokens there must be for each one that is on the list: of the plates that nobody looks for fewer
/// than one of so many is taken for one.
inline constexpr std::uint64_t tokens_a_wanted = 512;
/// Somebody has to say that the list still holds, at least that often.
inline constexpr std::chrono::hours max_wanted_life{8 * 24};

using WantedKey = std::array<std::byte, 32>;

struct WantedTokens {
    std::string fleet;
    std::uint64_t version = 0;  // from 1; a device never goes back to a lower one while it runs
    UtcTime issued{};           // by the clock of who signed them
    UtcTime until{};            // from then on nothing is known to be wanted
    WantedKey key{};            // the same from version to version: other tokens of one plate would tell it
    unsigned bits = 0;          // of each token
    std::vector<std::uint32_t> tokens;  // ascending, each once
    bool operator==(const WantedTokens&) const = default;
};

/// Where they are published, retained.
[[nodiscard]] std::string wanted_topic(std::string_view fleet);

}  // namespace portcullis
