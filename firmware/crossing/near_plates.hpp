#pragma once
// The second pass: texts that are look-alikes, or one error apart. Pure, reentrant.

#include "crossing/same_plates.hpp"

namespace portcullis {

struct NearPlates {
    std::vector<Crossing> matched;
    std::vector<std::size_t> ambiguous_entries;
    std::vector<std::size_t> ambiguous_exits;
};

/// One entry and one exit that are each other's best answer, by crossing_margin each. entries, exits: how
/// many were given in all.
[[nodiscard]] NearPlates match_near_plates(std::span<const OpenText> open, std::size_t entries,
                                           std::size_t exits, const CrossingQuestion& question);

}  // namespace portcullis
