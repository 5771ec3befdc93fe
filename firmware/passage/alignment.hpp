#pragma once
// Alignment of one reading to the running consensus, by edit distance. Pure functions, reentrant.

#include <optional>
#include <string_view>
#include <vector>

#include "core/reading.hpp"

namespace portcullis {

struct Alignment {
    /// For each place of the consensus: which character of the reading stands there, if any.
    std::vector<std::optional<std::size_t>> places;
    float cost = 0;  // 0: the same text; about 1 for each letter that is wrong, missing or too many
};

/// A letter that the reading itself holds for possible costs less than one it does not know.
[[nodiscard]] Alignment align(std::string_view consensus, const std::vector<CharacterReading>& characters);

}  // namespace portcullis
