#pragma once
// Eyes: the steps of vision as the stages see them. Seams, so that the pipeline is tested without
// models. Each function is called by one thread only: locate, fit and rectify by the detect thread, read by
// the read thread, settle too; a StillReader calls all of them from its own.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"
#include "passage/voter.hpp"

namespace portcullis {

struct Eyes {
    std::function<Result<std::vector<PlateCandidate>>(const FrameView&)> locate;
    /// The plate in a picture that shows little else; empty: there is none but the picture as a whole.
    std::function<Result<PlateCandidate>(const FrameView&, const Quad&)> fit;
    std::function<Result<PlatePatch>(const FrameView&, const Quad&)> rectify;
    std::function<Result<Reading>(const PlatePatch&)> read;
    /// Makes a voted read final: plate formats, jurisdiction, calibrated confidence. Empty: it stays as it
    /// is.
    std::function<Read(Read, std::span<const Jurisdiction> look)> settle;
    std::string model;  // digest of the weights, hex; goes into each record
};

/// What the eyes make of one vote.
[[nodiscard]] inline Read settled(const Eyes& eyes, const Voter& voter) {
    return eyes.settle ? eyes.settle(voter.result(), voter.look()) : voter.result();
}

}  // namespace portcullis
