#include "pipeline/still_reader.hpp"

#include <algorithm>

namespace portcullis {

namespace {

using SteadyTime = std::chrono::steady_clock;

}  // namespace

StillRead StillReader::read_candidate(const FrameView& view, const PlateCandidate& candidate) const {
    StillRead out{{}, candidate.quad, candidate.score};
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
    StillResult result;
    result.reads.push_back(read_candidate(view, {quad_from_box(whole), 1}));
    result.took = SteadyTime::now() - began;
    return result;
}

}  // namespace portcullis
