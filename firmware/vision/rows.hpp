#pragma once
// From a plate patch to the line picture that the network reads: one row as a whole, two rows side by side.
// models/training/reader/line.py does the same in Python; change both or neither. Pure functions, reentrant.

#include "base/result.hpp"
#include "core/plate.hpp"

namespace portcullis {

inline constexpr float two_row_aspect = 2.35F;  // a patch that is less wide than this may hold two rows
inline constexpr int line_height_px = 40;       // the network's input height
inline constexpr int line_width_px = 176;       // of a one-row plate, whatever its aspect
inline constexpr int row_width_px = 120;        // of each row of a two-row plate

inline constexpr int max_patch_side_px = 16'384;

/// Errors: invalid_argument (a picture whose pixels are not width x height, or beyond max_patch_side_px).
[[nodiscard]] Result<void> check_patch(const GreyImage& patch);

/// Whether the patch's shape allows two rows.
[[nodiscard]] bool may_have_two_rows(const GreyImage& patch);

/// The whole patch as one line, contrast spread. The patch has at least one pixel.
[[nodiscard]] GreyImage line_of(const GreyImage& patch);

/// The whole patch at this size, contrast spread.
[[nodiscard]] GreyImage squeezed(const GreyImage& patch, int width, int height);

/// The two rows of the patch side by side, cut at the gap between them. The patch is at least 2 px high.
[[nodiscard]] GreyImage two_row_line_of(const GreyImage& patch);

/// Where the rows part, as share of the patch's height: the band with the least vertical edges.
[[nodiscard]] float row_gap(const GreyImage& patch);

}  // namespace portcullis
