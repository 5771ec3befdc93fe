#pragma once
// Eyes: the three steps of vision as the stages see them. Seams, so that the pipeline is tested without
// models. Each function is called by one thread only: locate and rectify by the detect thread, read by the
// read thread; a StillReader calls all three from its own.

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"

namespace portcullis {

struct Eyes {
    std::function<Result<std::vector<PlateCandidate>>(const FrameView&)> locate;
    std::function<Result<PlatePatch>(const FrameView&, const Quad&)> rectify;
    std::function<Result<Reading>(const PlatePatch&)> read;
    std::string model;  // digest of the weights, hex; goes into each record
};

}  // namespace portcullis
