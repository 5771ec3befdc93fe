#include "drivers/camera/replay/exif_orientation.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace portcullis::replay {

namespace {

constexpr unsigned orientation_tag = 0x0112;
constexpr unsigned short_type = 3;
constexpr std::size_t max_segments = 64;  // before the picture data; a camera writes fewer than ten
constexpr std::size_t max_entries = 256;  // of the first image directory

unsigned byte_at(ByteView bytes, std::size_t at) {
    return std::to_integer<unsigned>(bytes[at]);
}

unsigned number(ByteView bytes, std::size_t at, std::size_t length, bool little) {
    unsigned value = 0;
    for (std::size_t i = 0; i < length; ++i)
        value = (value << 8U) | byte_at(bytes, at + (little ? length - 1 - i : i));
    return value;
}

/// tiff: what follows "Exif\0\0".
int orientation_of(ByteView tiff) {
    if (tiff.size() < 8) return 1;
    const bool little = as_text(tiff).starts_with("II");
    const std::size_t directory = number(tiff, 4, 4, little);
    if (directory + 2 > tiff.size()) return 1;
    const std::size_t entries = std::min<std::size_t>(number(tiff, directory, 2, little), max_entries);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + i * 12;
        if (entry + 12 > tiff.size()) return 1;
        if (number(tiff, entry, 2, little) != orientation_tag) continue;
        const unsigned value = number(tiff, entry + 8, 2, little);
        return number(tiff, entry + 2, 2, little) == short_type && value >= 1 && value <= 8
                   ? static_cast<int>(value)
                   : 1;
    }
    return 1;
}

struct Place {
    int x;
    int y;
};

/// Where the upright pixel (x, y) stands in the stored picture of width x height.
Place stored_place(int x, int y, int width, int height, int orientation) {
    switch (orientation) {
        case 2:
            return {width - 1 - x, y};
        case 3:
            return {width - 1 - x, height - 1 - y};
        case 4:
            return {x, height - 1 - y};
        case 5:
            return {y, x};
        case 6:
            return {y, height - 1 - x};
        case 7:
            return {width - 1 - y, height - 1 - x};
        case 8:
            return {width - 1 - y, x};
        default:
            return {x, y};
    }
}

}  // namespace

int exif_orientation(ByteView jpeg) {
    using namespace std::string_view_literals;
    std::size_t at = 2;  // after the start-of-image mark
    for (std::size_t segment = 0; segment < max_segments && at + 4 <= jpeg.size(); ++segment) {
        const unsigned marker = byte_at(jpeg, at + 1);
        if (byte_at(jpeg, at) != 0xff || marker == 0xda) return 1;
        const std::size_t length = number(jpeg, at + 2, 2, false);
        if (length < 2 || at + 2 + length > jpeg.size()) return 1;
        const ByteView body = jpeg.subspan(at + 4, length - 2);
        if (marker == 0xe1 && as_text(body).starts_with("Exif\0\0"sv)) return orientation_of(body.subspan(6));
        at += 2 + length;
    }
    return 1;
}

Picture upright(Bytes lines, int width, int height, int channels, int orientation) {
    PORTCULLIS_ASSERT(orientation >= 1 && orientation <= 8);
    if (orientation == 1) return picture_from(std::move(lines), width, height, channels);
    const bool swapped = orientation >= 5;
    const int new_width = swapped ? height : width;
    const int new_height = swapped ? width : height;
    Bytes turned(lines.size());
    std::size_t to = 0;
    for (int y = 0; y < new_height; ++y) {
        for (int x = 0; x < new_width; ++x) {
            const Place from = stored_place(x, y, width, height, orientation);
            const std::size_t pixel = static_cast<std::size_t>(from.y) * static_cast<std::size_t>(width) +
                                      static_cast<std::size_t>(from.x);
            for (int c = 0; c < channels; ++c)
                turned[to++] =
                    lines[pixel * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)];
        }
    }
    return picture_from(std::move(turned), new_width, new_height, channels);
}

}  // namespace portcullis::replay
