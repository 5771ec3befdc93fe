#pragma once
// Picture files of kinds that our own encoders do not make, from pixels.

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "core/frame.hpp"

namespace portcullis::test {

/// Pixels in B G R, without gaps.
struct Pixels {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> bgr;
    [[nodiscard]] const std::uint8_t* at(int x, int y) const;
};

[[nodiscard]] Pixels plain(int width, int height, std::uint8_t blue, std::uint8_t green, std::uint8_t red);
/// One stripe of each pure colour.
[[nodiscard]] Pixels stripes(int width, int height);
[[nodiscard]] Pixels pixels_of(const FrameView& grey8);
/// The nearest pixel, no more.
[[nodiscard]] Pixels resized(const Pixels& pixels, int width, int height);
/// Clockwise.
[[nodiscard]] Pixels turned(const Pixels& pixels, int quarters);

enum class PngColour : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgb_alpha = 6 };

struct PngKind {
    PngColour colour = PngColour::rgb;
    int bits = 8;        // a sample; of a palette always 8
    int alpha = 255;     // of every pixel; of a palette: of every colour, where it is not 255
    bool keyed = false;  // grey and rgb: white is declared transparent
    bool interlaced = false;
};
[[nodiscard]] Bytes png_file(const Pixels& pixels, const PngKind& kind);
/// A PNG of 8-bit RGBA in one colour, made line by line: the file is small, the picture is not.
[[nodiscard]] Bytes huge_png(int width, int height);

enum class JpegKind { baseline, progressive, grey, cmyk };
[[nodiscard]] Bytes jpeg_file(const Pixels& pixels, JpegKind kind = JpegKind::baseline);

}  // namespace portcullis::test
