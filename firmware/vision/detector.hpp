#pragma once
// PlateDetector: finds plates in a frame as quadrilaterals. A small network of ours, run by XNNPACK on the
// CPU, answers for each cell of a grid whether the middle of a plate lies there, and where its corners are.
// Thread-bound. The model folder is described in models/README.md.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"

namespace portcullis {

/// No frame gives more candidates; the weakest are dropped.
inline constexpr std::size_t max_plate_candidates = 32;
/// No side of a frame may be longer, in pixels.
inline constexpr int max_frame_side_px = 32768;

struct DetectorSettings {
    std::filesystem::path model_dir;
    std::optional<float> min_score;  // [0.01, 0.99]; empty: as the model says
    int threads = 1;  // [1, 64]; those of OpenCV are the whole process's: the last detector made decides
    std::size_t max_candidates = 16;  // [1, max_plate_candidates]
};

class PlateDetector {
  public:
    /// Loads, checks and runs the network once.
    /// Errors: those of load_detector_model(), invalid_argument (a setting out of its range), corrupt
    /// (the weights cannot be run).
    [[nodiscard]] static Result<PlateDetector> create(const DetectorSettings& settings);

    PlateDetector(PlateDetector&& other) noexcept;
    PlateDetector& operator=(PlateDetector&& other) noexcept;
    ~PlateDetector();

    /// Candidates, best score first, none overlapping another, corners in the frame's own pixels (they may
    /// lie a little outside of it). Empty when there is no plate. Memory does not grow with the frame.
    /// Errors: invalid_argument (a frame without pixels or beyond max_frame_side_px), internal.
    [[nodiscard]] Result<std::vector<PlateCandidate>> locate(const FrameView& frame);

  private:
    struct Network;
    explicit PlateDetector(std::unique_ptr<Network> network);
    std::unique_ptr<Network> network_;
};

}  // namespace portcullis
