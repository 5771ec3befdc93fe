#pragma once
// PlateFitter: one close look at a quad that may hold a plate. A small network of ours, run by XNNPACK on the
// CPU, says where the plate's corners really are and how sure it is that this is a plate; it costs a
// sixth of a reading. Thread-bound. models/plate-fitter/README.md is its card;
// models/training/fit/views.py does the same in Python: change both or neither.

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"

namespace portcullis {

struct PlateFitterSettings {
    std::filesystem::path model_dir;  // holds model.toml and the weights
};

class PlateFitter {
  public:
    /// Loads, checks and runs the network once. Errors: configuration (model.toml missing or wrong),
    /// not_found, exhausted, corrupt (weights of another digest, or such as cannot be run). Every message
    /// names the file and the cure.
    [[nodiscard]] static Result<PlateFitter> create(const PlateFitterSettings& settings);

    PlateFitter(PlateFitter&& other) noexcept;
    PlateFitter& operator=(PlateFitter&& other) noexcept;
    ~PlateFitter();

    /// The quad with its corners put right, in the frame's own pixels, and a score in [0,1] for being a
    /// plate. Corners may be off by half the quad's height; what was found further off is not a quad, and
    /// stays as it was given with score 0. Errors: those of Rectifier::rectify(), internal (XNNPACK or OpenCV
    /// fails).
    [[nodiscard]] Result<PlateCandidate> fit(const FrameView& frame, const Quad& quad);

    /// Below this score it is most likely no plate; as the model says.
    [[nodiscard]] float score_threshold() const;

  private:
    struct Network;
    explicit PlateFitter(std::unique_ptr<Network> network);
    std::unique_ptr<Network> network_;
};

}  // namespace portcullis
