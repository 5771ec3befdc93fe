#include "vision/plate_finder.hpp"

#include <algorithm>

#include "vision/quad_overlap.hpp"

namespace portcullis {

namespace {

// What the detector is this sure of is kept whatever the fitter says, which doubts plates whose characters
// are as bright as their ground; no lamp comes in by it (models/plate-fitter/README.md).
constexpr float sure_without_fit = 0.85F;
// Fainter candidates of the detector are not looked at where a likely plate was found: most of those that
// overlap one are parts of it, and each look costs a sixth of a reading. Elsewhere they may be another's
// plate.
constexpr float faint_score = 0.3F;
// Corners count from the centres of pixels; a plate ends where its outermost pixels do. It matters for plates
// of a few pixels only.
constexpr float to_the_pixels_edge = 0.5F;

bool is_likely(const PlateCandidate& candidate) {
    return candidate.score >= likely_plate_score;
}

}  // namespace

Result<std::vector<PlateCandidate>> after_close_look(std::span<const PlateCandidate> candidates,
                                                     float least_fit, const CloseLook& look) {
    std::vector<PlateCandidate> found;
    for (const PlateCandidate& candidate : candidates) {
        if (candidate.score < faint_score && std::ranges::any_of(found, [&](const PlateCandidate& plate) {
                return is_likely(plate) && quad_iou(plate.quad, candidate.quad) > 0;
            }))
            continue;
        auto fitted = look(candidate.quad);
        if (!fitted && fitted.error().code() == ErrorCode::invalid_argument) continue;  // nothing to look at
        if (!fitted) return tl::unexpected(fitted.error());
        if (fitted->score >= least_fit)
            found.push_back(*fitted);
        else if (candidate.score >= sure_without_fit)
            found.push_back(candidate);
    }
    for (PlateCandidate& candidate : found)
        candidate.quad = widened(candidate.quad, to_the_pixels_edge);
    return thin_out(std::move(found), {});
}

PlateFinder::PlateFinder(PlateDetector detector, PlateFitter fitter)
    : detector_(std::move(detector)), fitter_(std::move(fitter)) {}

Result<std::vector<PlateCandidate>> PlateFinder::locate(const FrameView& frame) {
    const std::vector<PlateCandidate> candidates = TRY(detector_.locate(frame));
    return after_close_look(candidates, fitter_.score_threshold(),
                            [&](const Quad& quad) { return fitter_.fit(frame, quad); });
}

Result<PlateCandidate> PlateFinder::fit(const FrameView& frame, const Quad& quad) {
    return fitter_.fit(frame, quad);
}

}  // namespace portcullis
