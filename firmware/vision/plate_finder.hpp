#pragma once
// PlateFinder: the two looks that find a plate. The detector passes over the whole frame once, coarsely; the
// fitter looks at each of its candidates closely, puts the corners right and drops what is no plate.
// Thread-bound.

#include <vector>

#include "vision/detector.hpp"
#include "vision/plate_fitter.hpp"

namespace portcullis {

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
