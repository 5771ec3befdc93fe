#pragma once
// Mark: a copy of a picture that says on itself for whom it was made. For pictures that leave the collector.
// Pure function, reentrant.

#include <span>
#include <string>

#include "vision/jpeg.hpp"

namespace portcullis {

/// Narrower pictures are enlarged to this: a plate's is small, and its mark must be read.
inline constexpr int min_marked_width = 640;

/// The copy as JPEG: all lines in a strip below the picture, and the first one faintly across all of it, so
/// that cutting the strip off does not take the mark away. lines: 1 or more, printable ASCII; other letters
/// show as '?'. Errors: invalid_argument (no lines), those of encode_jpeg.
[[nodiscard]] Result<Bytes> mark_picture(const FrameView& view, std::span<const std::string> lines,
                                         const JpegSettings& settings);

}  // namespace portcullis
