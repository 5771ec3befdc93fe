// A picture file of whoever fills the folder, and the stream of the video decoder.

#include <algorithm>

#include "base/assert.hpp"
#include "drivers/camera/replay/exif_orientation.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "drivers/camera/replay/y4m.hpp"
#include "fuzz/input.hpp"

using namespace portcullis;
using namespace portcullis::replay;

namespace {

constexpr std::size_t max_frame_bytes = std::size_t{4} << 20;  // larger ones cost time and show nothing new
constexpr std::size_t crumb_bytes = 3;

void check_size(int width, int height) {
    PORTCULLIS_ASSERT(width >= min_side_px && width <= max_side_px);
    PORTCULLIS_ASSERT(height >= min_side_px && height <= max_side_px);
    PORTCULLIS_ASSERT(std::int64_t{width} * height <= max_pixels);
}

/// The first and the last pixel of each line can be read.
void check_picture(const Picture& picture) {
    const FrameView& view = picture.view;
    check_size(view.width, view.height);
    PORTCULLIS_ASSERT(view.format == PixelFormat::grey8 || view.format == PixelFormat::bgr24);
    const std::size_t line =
        static_cast<std::size_t>(view.width) * (view.format == PixelFormat::grey8 ? 1 : 3);
    PORTCULLIS_ASSERT(view.planes[0].stride >= line);
    unsigned sum = 0;
    for (int y = 0; y < view.height; ++y) {
        const std::uint8_t* at = view.planes[0].data + static_cast<std::size_t>(y) * view.planes[0].stride;
        sum += at[0] + at[line - 1];
    }
    PORTCULLIS_ASSERT(sum <= 510U * static_cast<unsigned>(view.height));
}

/// All frames of a stream that comes in pieces of at most `piece` bytes.
struct Film {
    Bytes pixels;
    int frames = 0;
    std::string end;  // why it ended; empty: cleanly
};

Film play(ByteView stream, std::size_t piece) {
    Film film;
    Y4mReader reader([&](std::span<std::byte> to) -> Result<std::size_t> {
        const std::size_t count = std::min({piece, to.size(), stream.size()});
        std::ranges::copy(stream.first(count), to.begin());
        stream = stream.subspan(count);
        return count;
    });
    const Result<Y4mHeader> header = reader.read_header();
    if (!header) {
        film.end = header.error().message();
        return film;
    }
    check_size(header->width, header->height);
    PORTCULLIS_ASSERT(header->frames_per_second >= 0 && header->frames_per_second <= max_video_rate);
    if (header->frame_bytes() > max_frame_bytes) return film;
    Bytes frame(header->frame_bytes());
    for (;;) {
        const Result<bool> more = reader.read_frame(frame);
        if (!more) film.end = more.error().message();
        if (!more || !*more) return film;
        film.pixels.insert(film.pixels.end(), frame.begin(), frame.end());
        ++film.frames;
    }
}

/// How a pipe cuts the stream changes nothing.
void check_film(ByteView stream) {
    const Film whole = play(stream, stream.size());
    const Film crumbs = play(stream, crumb_bytes);
    PORTCULLIS_ASSERT(whole.frames == crumbs.frames && whole.pixels == crumbs.pixels);
    PORTCULLIS_ASSERT(whole.end == crumbs.end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes = fuzz::input_bytes(data, size);
    const int orientation = exif_orientation(bytes);
    PORTCULLIS_ASSERT(orientation >= 1 && orientation <= 8);
    if (const Result<Picture> picture = decode_picture(bytes)) check_picture(*picture);
    check_film(bytes);
    return 0;
}
