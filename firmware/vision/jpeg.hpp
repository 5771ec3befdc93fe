#pragma once
// JPEG for people: the plate picture and the overview of a record, and annotated pictures. Through
// libjpeg-turbo; pure functions, reentrant.

#include <vector>

#include "base/bytes.hpp"
#include "core/frame.hpp"
#include "core/plate.hpp"

namespace portcullis {

/// A colour picture that owns its pixels (B G R), without padding between the lines.
struct ColourImage {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> pixels;  // width * height * 3
    [[nodiscard]] FrameView view() const;
};

struct JpegSettings {
    int quality = 82;   // 1 to 100
    int max_width = 0;  // wider pictures are scaled down; 0: never
};

/// The part of the frame within region (cut to the frame, widened to even pixels), converted to B G R.
/// Errors: invalid_argument (nothing of the region lies in the frame).
[[nodiscard]] Result<ColourImage> crop_colour(const FrameView& view, const Box& region);

/// A box around the quad with `margin` of its own width and height on each side.
[[nodiscard]] Box box_around(const Quad& quad, float margin);

/// Errors: invalid_argument (no pixels, quality out of range), internal (the library refused).
[[nodiscard]] Result<Bytes> encode_jpeg(const FrameView& view, const JpegSettings& settings);
[[nodiscard]] Result<Bytes> encode_jpeg(const GreyImage& image, const JpegSettings& settings);

}  // namespace portcullis
