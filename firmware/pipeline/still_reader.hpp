#pragma once
// StillReader: reads one picture by itself, without passages or votes. For folders of unrelated pictures.
// Thread-bound: each worker has its own, with its own models.

#include <chrono>
#include <vector>

#include "pipeline/eyes.hpp"

namespace portcullis {

struct StillRead {
    Read read;  // no characters: nothing was readable, or a plate is not likely
    Quad quad;
    float score = 0;  // the candidate's
};

struct StillResult {
    std::vector<StillRead> reads;                       // best score first
    std::chrono::duration<double, std::milli> took{0};  // detect, rectify, read; decoding excluded
};

class StillReader {
  public:
    explicit StillReader(Eyes eyes) : eyes_(std::move(eyes)) {}

    /// Errors: those of the models. A candidate that cannot be rectified or read is kept without characters.
    [[nodiscard]] Result<StillResult> read(const FrameView& view) const;
    /// The picture is a plate crop already: no detection. How the plate stands in it nobody knows: it is
    /// fitted first, and read as it was cut too where that read is not sure; the surer read and its quad
    /// stand.
    [[nodiscard]] Result<StillResult> read_patch(const FrameView& view) const;

  private:
    [[nodiscard]] StillRead read_candidate(const FrameView& view, const PlateCandidate& candidate) const;
    [[nodiscard]] PlateCandidate fitted(const FrameView& view, const PlateCandidate& cut) const;
    Eyes eyes_;
};

}  // namespace portcullis
