#include "pipeline/still_reader.hpp"

#include <algorithm>

namespace portcullis {

namespace {

using SteadyTime = std::chrono::steady_clock;

// A crop whose fitted read is less sure is read as it was cut too (models/plate-fitter/README.md measures
// it). The surer of two is less sure than it says.
constexpr float sure_of_crop = 0.9F;
constexpr float worth_of_second = 0.9F;

}  // namespace

StillRead StillReader::read_candidate(const FrameView& view, const PlateCandidate& candidate) const {
    StillRead out{{}, candidate.quad, candidate.score};
    if (candidate.score < likely_plate_score) return out;
    const auto patch = eyes_.rectify(view, candidate.quad);
    if (!patch) return out;
    if (auto reading = eyes_.read(*patch)) {
        Voter voter;  // of one: a still has no other look
        voter.add(std::move(*reading), 1);
        out.read = settled(eyes_, voter);
    }
    return out;
}

Result<StillResult> StillReader::read(const FrameView& view) const {
    const auto began = SteadyTime::now();
    StillResult result;
    for (const PlateCandidate& candidate : TRY(eyes_.locate(view)))
        result.reads.push_back(read_candidate(view, candidate));
    std::ranges::stable_sort(result.reads, [](const auto& a, const auto& b) { return a.score > b.score; });
    result.took = SteadyTime::now() - began;
    return result;
}

Result<StillResult> StillReader::read_patch(const FrameView& view) const {
    const auto began = SteadyTime::now();
    const Box whole{0, 0, static_cast<float>(view.width - 1), static_cast<float>(view.height - 1)};
    const PlateCandidate cut{quad_from_box(whole), 1};
    StillResult result;
    StillRead& best = result.reads.emplace_back(read_candidate(view, fitted(view, cut)));
    if (best.read.confidence < sure_of_crop && best.quad != cut.quad) {
        StillRead second = read_candidate(view, cut);
        second.read.confidence *= worth_of_second;
        if (second.read.confidence > best.read.confidence) best = std::move(second);
    }
    result.took = SteadyTime::now() - began;
    return result;
}

/// A crop shows a plate, whatever the fitter thinks of it: only its corners count.
PlateCandidate StillReader::fitted(const FrameView& view, const PlateCandidate& cut) const {
    const auto fit = eyes_.fit ? eyes_.fit(view, cut.quad) : Result<PlateCandidate>(cut);
    return fit ? PlateCandidate{fit->quad, cut.score} : cut;
}

}  // namespace portcullis
