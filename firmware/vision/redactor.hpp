#pragma once
// Redactor: makes of a frame the overview that may be encoded. A small area around the plate stays sharp; of
// everything else only a mosaic of mean colours is taken (mosaic.hpp), so glass, faces and bystanders are
// gone before any JPEG exists, and without asking a detector whether it saw them. Value; reentrant.
//
// What stays, in multiples of the plate's width (EU 520 mm, Regulation (EU) No 1003/2010; US 305 mm, SAE
// J686; Brazil 400 mm, CONTRAN 969/2022):
// - sideways 1.0 on each side: 0.9 m (US) to 1.6 m (EU) in all, within a car's width of 1.8 m;
// - above and below 0.25, which is 76 to 130 mm: a plate on a tailgate has its window a hand's breadth above
//   it, so glass is not reached. The same below, because a detector may take a plate upside down;
// - a plate wider than a quarter of the picture's longer side counts as that wide: what a false candidate of
//   any size could uncover around itself is bounded.
// plate_only keeps 0.12 of the plate's own size around it, as the plate picture does.
//
// A cell is at least 1/16 of the picture's longer side, and at least half the plate's width: 152 mm at a US
// plate's distance, 260 mm at an EU one's. A man's head is 154 mm broad in the mean (ANSUR II), so a
// face at the plate's distance or behind it is one or two cells, however long the lens.
//
// Other plates of the frame, grown by a quarter of their size, become one flat colour, inside the kept area
// too; only the passage's own quad wins over them.

#include <span>

#include "core/overview_policy.hpp"
#include "vision/jpeg.hpp"
#include "vision/mosaic.hpp"

namespace portcullis {

/// The overview after redaction. It holds nothing else of the frame: no pixel outside the kept area. Its
/// size is bounded by the kept area at the given width, not by the frame.
class RedactedOverview {
  public:
    /// plate: the passage's own, in the frame's pixels; others: the other plates seen in it. The overview is
    /// at most max_width pixels wide (0: as wide as the frame).
    /// Errors: invalid_argument (no pixels; a quad that is not convex, or no numbers; a policy that redacts
    /// nothing: none and full), internal (out of memory). There is no overview then.
    [[nodiscard]] static Result<RedactedOverview> create(const FrameView& view, const Quad& plate,
                                                         std::span<const Quad> others, OverviewPolicy policy,
                                                         int max_width);

    /// The picture, for the encoder. Errors: internal (out of memory).
    [[nodiscard]] Result<ColourImage> render() const;

  private:
    RedactedOverview() = default;
    Mosaic mosaic_;  // of the frame
    int width_ = 0;  // of the overview
    int height_ = 0;
    double scale_ = 1;  // overview pixels a frame pixel
    ColourImage kept_;  // in overview pixels, already redacted outside the kept area; may be empty
    int kept_x_ = 0;
    int kept_y_ = 0;
};

/// What stays sharp under plate_only or redacted, in the frame's own pixels; may reach beyond the frame.
[[nodiscard]] Quad kept_area(const Quad& plate, OverviewPolicy policy, int longest_side_px);

}  // namespace portcullis
