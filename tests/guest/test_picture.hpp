#pragma once
// The pictures that the emulated camera shows, known on both sides. Pure functions.

#include <cstdint>
#include <vector>

namespace portcullis::test {

/// The first luma byte is `number`; each pair of lines has the same chroma, so that nv12 keeps all of it.
[[nodiscard]] std::vector<std::uint8_t> yuyv_picture(unsigned width, unsigned height, std::uint8_t number);

/// Blocks of 16 x 16 px in greys that depend on `number`, as a grey JPEG; block_grey says what they are.
[[nodiscard]] std::vector<std::uint8_t> jpeg_picture(unsigned width, unsigned height, std::uint8_t number);
/// Its luma alone, as a grey JPEG.
[[nodiscard]] std::vector<std::uint8_t> jpeg_of_yuyv(unsigned width, unsigned height,
                                                     const std::vector<std::uint8_t>& yuyv);
[[nodiscard]] std::uint8_t block_grey(unsigned block_x, unsigned block_y, std::uint8_t number);

}  // namespace portcullis::test
