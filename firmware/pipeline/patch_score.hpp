#pragma once
// How much a patch deserves to be read and believed. Pure functions, reentrant.

#include "core/frame.hpp"
#include "core/plate.hpp"

namespace portcullis {

/// From size, sharpness, contrast and the detector's score; above 0, about 1 for a good plate. A plate that
/// the frame's edge cuts off scores low: its text would be short.
[[nodiscard]] float patch_score(const PlatePatch& patch, float detector_score, int frame_width,
                                int frame_height);

/// Mean step between neighbours along the lines, over the spread of the grey values: blur lowers it.
[[nodiscard]] float sharpness(const GreyImage& image);

}  // namespace portcullis
