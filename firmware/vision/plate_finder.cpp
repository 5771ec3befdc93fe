#include "vision/plate_finder.hpp"

#include "vision/quad_overlap.hpp"

namespace portcullis {

namespace {

// What the detector is this sure of is kept whatever the fitter says. Of 895 lamps, grilles and the like that
// it took for plates in the train pictures none scored so high, and the fitter, which sees no colour either,
// doubts plates whose characters are as bright as their ground (models/plate-fitter/README.md).
constexpr float sure_without_fit = 0.85F;

}  // namespace

PlateFinder::PlateFinder(PlateDetector detector, PlateFitter fitter)
    : detector_(std::move(detector)), fitter_(std::move(fitter)) {}

Result<std::vector<PlateCandidate>> PlateFinder::locate(const FrameView& frame) {
    std::vector<PlateCandidate> found;
    for (const PlateCandidate& candidate : TRY(detector_.locate(frame))) {
        auto fitted = fitter_.fit(frame, candidate.quad);
        if (!fitted && fitted.error().code() == ErrorCode::invalid_argument) continue;  // nothing to look at
        if (!fitted) return tl::unexpected(fitted.error());
        if (fitted->score >= fitter_.score_threshold())
            found.push_back(*fitted);
        else if (candidate.score >= sure_without_fit)
            found.push_back(candidate);
    }
    return thin_out(std::move(found), {});
}

Result<PlateCandidate> PlateFinder::fit(const FrameView& frame, const Quad& quad) {
    return fitter_.fit(frame, quad);
}

}  // namespace portcullis
