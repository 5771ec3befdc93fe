#pragma once
// PlateFinder: the two looks that find a plate. The detector passes over the whole frame once, coarsely; the
// fitter looks at each of its candidates closely, puts the corners right and drops what is no plate.
// Thread-bound.

#include <functional>
#include <span>
#include <vector>

#include "vision/detector.hpp"
#include "vision/plate_fitter.hpp"

namespace portcullis {

/// A close look at a quad: the plate there with its score, or invalid_argument where there is nothing to see.
using CloseLook = std::function<Result<PlateCandidate>(const Quad&)>;

/// What is left of the detector's candidates, best first, after a close look at each that is worth one:
/// faint ones are looked at only where they touch no likely plate, those that the look scores below least_fit
/// are dropped, and what the detector is very sure of stays whatever the look says. Errors: those
/// of the look but invalid_argument.
[[nodiscard]] Result<std::vector<PlateCandidate>> after_close_look(std::span<const PlateCandidate> candidates,
                                                                   float least_fit, const CloseLook& look);

class PlateFinder {
  public:
    PlateFinder(PlateDetector detector, PlateFitter fitter);

    /// Candidates, best score first, none overlapping another; the score is the fitter's, or the
    /// detector's where only that is sure. Errors: those of
    /// PlateDetector::locate(), internal (OpenCV fails).
    [[nodiscard]] Result<std::vector<PlateCandidate>> locate(const FrameView& frame);

    /// The plate in a picture that shows little else. Errors: those of PlateFitter::fit().
    [[nodiscard]] Result<PlateCandidate> fit(const FrameView& frame, const Quad& quad);

  private:
    PlateDetector detector_;
    PlateFitter fitter_;
};

}  // namespace portcullis
