#pragma once
// Plate candidates and patches. Values.

#include <cstdint>
#include <vector>

#include "core/geometry.hpp"

namespace portcullis {

/// A candidate of less is more likely none: it extends a passage but opens none, and a still's is not read.
inline constexpr float likely_plate_score = 0.5F;

/// A quadrilateral that may hold a plate.
struct PlateCandidate {
    Quad quad;        // in the frame's own pixels
    float score = 0;  // for being a plate, in [0,1]
};

/// A grey picture that owns its pixels, without padding between the lines.
struct GreyImage {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> pixels;  // width * height
};

/// The rectified picture of a candidate.
struct PlatePatch {
    GreyImage image;
    Quad quad;  // where it was cut from, in the frame's own pixels
};

}  // namespace portcullis
