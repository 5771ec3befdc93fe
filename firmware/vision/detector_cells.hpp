#pragma once
// What the network's cells say: candidates in the pixels of its input, and whether their shape can be a
// plate's. Pure functions, reentrant.

#include <span>
#include <vector>

#include "core/plate.hpp"

namespace portcullis {

/// rows x columns cells of nine floats: the score as a logit, then x and y of the four corners, counted from
/// the cell's centre in strides.
struct CellGrid {
    std::span<const float> values;
    int rows = 0;
    int columns = 0;
    int stride = 8;
};

inline constexpr std::size_t numbers_per_cell = 9;
/// Cells that a frame may turn into candidates; the weakest beyond it are dropped.
inline constexpr std::size_t max_live_cells = 1024;

/// One candidate a cell of at least min_score, best first.
[[nodiscard]] std::vector<PlateCandidate> candidates_of(const CellGrid& grid, float min_score);

/// False for what no plate in a picture of this size looks like: not convex and clockwise, too small, too
/// long, too tall, or mostly outside.
[[nodiscard]] bool is_plausible(const Quad& quad, float picture_width, float picture_height);

}  // namespace portcullis
