#pragma once
// Mosaic: a frame as the mean colours of a few coarse square cells, and nothing else of it. Why not a blur: a
// Gaussian is a convolution; it keeps the frame's samples, and who knows or guesses the kernel divides it out
// again. A mean keeps one colour of the thousands of pixels of its cell. Values; pure functions, reentrant.

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/geometry.hpp"

namespace portcullis {

using Colour = std::array<std::uint8_t, 3>;  // B G R

struct Mosaic {
    int cell_px = 0;  // side of a cell in the frame's own pixels; the last column and row may be cut short
    int columns = 0;
    int rows = 0;
    std::vector<Colour> cells;                                   // columns * rows, line by line
    [[nodiscard]] std::size_t index(int column, int row) const;  // in cells
    /// The colour of the cell that holds a pixel; pixels beyond the frame have its edge's.
    [[nodiscard]] const Colour& at(int x, int y) const;
};

inline constexpr int most_mosaic_cells = 4096;

/// cell_px is rounded up to even, so that the half-size colour planes are cut at the same places.
/// Errors: invalid_argument (no pixels; cell_px below 1 or so small that there were more than
/// most_mosaic_cells), internal (out of memory).
[[nodiscard]] Result<Mosaic> mosaic_of(const FrameView& view, int cell_px);

/// Gives all the cells that box touches their common mean: not even a large thing in it keeps a shape.
void flatten(Mosaic& mosaic, const Box& box);

}  // namespace portcullis
