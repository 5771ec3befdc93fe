#pragma once
// Overlap of quads, and the thinning of a detector's many answers to one candidate a plate. Pure functions,
// reentrant.

#include <cstddef>
#include <vector>

#include "core/plate.hpp"

namespace portcullis {

/// Intersection over union of two convex quads given clockwise, in [0,1]. Other quads give 0.
[[nodiscard]] float quad_iou(const Quad& a, const Quad& b);

struct ThinningSettings {
    float same_plate_iou = 0.3F;  // what overlaps a better candidate by more is dropped
    float blend_iou = 0.6F;       // what overlaps it by more is averaged into it, to steady the corners
    std::size_t max_candidates = 32;
};

/// Candidates sorted by score, best first, none overlapping a better one; at most max_candidates. A
/// candidate's corners are the mean of those that tell of the same plate, weighted by the square of their
/// score. Candidates that are not convex and clockwise are dropped.
[[nodiscard]] std::vector<PlateCandidate> thin_out(std::vector<PlateCandidate> candidates,
                                                   const ThinningSettings& settings);

}  // namespace portcullis
