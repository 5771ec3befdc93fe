#pragma once
// Pictures drawn for the tests, whole and broken: no photograph is needed.

#include <filesystem>

#include "base/bytes.hpp"

namespace portcullis::test {

struct JpegKind {
    bool grey = false;
    bool cmyk = false;
    bool progressive = false;
};

/// A slanting ramp, so that a turned or cut picture looks different.
[[nodiscard]] Bytes made_jpeg(int width, int height, JpegKind kind = {});

enum class PngKind { grey8, grey16, rgb8, rgb16, rgba8, palette };
[[nodiscard]] Bytes made_png(int width, int height, PngKind kind);

/// The JPEG with an EXIF segment that asks for this orientation.
[[nodiscard]] Bytes with_orientation(const Bytes& jpeg, int orientation);

void write(const std::filesystem::path& path, ByteView bytes);

}  // namespace portcullis::test
