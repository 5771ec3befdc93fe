#pragma once
// Phones store pictures as the sensor lies and say in EXIF how to turn them. Pure functions, reentrant.

#include "base/bytes.hpp"
#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

/// EXIF tag 0x0112 of a JPEG, 1 to 8; 1 (upright) when there is none or it is nonsense.
[[nodiscard]] int exif_orientation(ByteView jpeg);

/// The picture turned (and mirrored) so that it stands upright.
[[nodiscard]] Picture upright(Bytes lines, int width, int height, int channels, int orientation);

}  // namespace portcullis::replay
