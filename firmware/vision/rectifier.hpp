#pragma once
// Rectifier: cuts a plate candidate upright out of a frame, grey, with a small margin. What it yields is what
// the plate reader was trained on: models/training/reader/line.py does the same in Python (rectify); change
// both or neither. Reentrant.

#include "base/result.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"

namespace portcullis {

inline constexpr float max_margin_share = 0.5F;

struct RectifierSettings {
    float margin_share = 0.08F;  // room kept around the quad, as share of its height; [0, max_margin_share]
    int row_height_px = 64;      // height of the patch of a one-row plate, [16, 256]; wide plates get one,
                                 // plates that may have two rows get twice this
};

class Rectifier {
  public:
    /// Errors: invalid_argument (a setting out of its range).
    [[nodiscard]] static Result<Rectifier> create(const RectifierSettings& settings);

    /// The patch of a quad given in the frame's own pixels. A quad that reaches beyond the frame is completed
    /// with the frame's edge pixels.
    /// Errors: invalid_argument (no pixels, a quad that is not a convex quadrilateral of at least 4 px by 2
    /// px, or lies wholly outside).
    [[nodiscard]] Result<PlatePatch> rectify(const FrameView& frame, const Quad& quad) const;

  private:
    explicit Rectifier(const RectifierSettings& settings) : settings_(settings) {}
    RectifierSettings settings_;
};

}  // namespace portcullis
