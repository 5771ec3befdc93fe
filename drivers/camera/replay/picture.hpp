#pragma once
// Picture: one decoded file. JPEG and PNG come out as bgr24 or grey8, upright (EXIF orientation applied), of
// 8 bits (16 are scaled), without alpha: it is dropped and each pixel keeps its own colour, for a sensor
// sees nothing transparent, and what a file hides behind alpha may be the plate. Bounded before it allocates:
// a file that claims more than the limits below is refused by name. Reentrant.

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/bytes.hpp"
#include "core/frame.hpp"

namespace portcullis::replay {

inline constexpr int min_side_px = 8;  // less than the height of one letter: nothing to find
inline constexpr int max_side_px = 10'000;
inline constexpr std::int64_t max_pixels = 64'000'000;  // 192 MB as bgr24: what one picture may cost
inline constexpr std::size_t max_picture_file_bytes = std::size_t{128} * 1024 * 1024;

struct Picture {
    FrameView view;
    std::shared_ptr<const void> pixels;  // keeps view's planes alive
};

/// Decodes one file; its content decides what it is, not its name. Errors name the path, the reason and the
/// cure: not_found, io, corrupt (empty, truncated, not a picture), unsupported (CMYK, WebP ...), exhausted
/// (larger than the limits), invalid_argument (smaller than min_side_px, not a regular file).
[[nodiscard]] Result<Picture> load_picture(const std::filesystem::path& path);
/// The same for bytes in memory; the errors name no file.
[[nodiscard]] Result<Picture> decode_picture(ByteView bytes);

/// Shared by every source: refuses sizes outside the limits.
[[nodiscard]] Result<void> check_picture_size(std::int64_t width, std::int64_t height);

// One decoder a format. bytes begin with the format's mark.
[[nodiscard]] Result<Picture> decode_jpeg(ByteView bytes);
[[nodiscard]] Result<Picture> decode_png(ByteView bytes);

/// A one-plane picture that owns its lines; channels is 1 (grey8) or 3 (bgr24).
[[nodiscard]] Picture picture_from(Bytes lines, int width, int height, int channels);

}  // namespace portcullis::replay
