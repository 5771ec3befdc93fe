#include "drivers/camera/libcamera/stream_format.hpp"

#include <libcamera/formats.h>

#include <algorithm>
#include <vector>

#include "drivers/camera/common/packed_pictures.hpp"

namespace portcullis::libcamera_driver {

namespace {

struct Known {
    RawFormat format;
    libcamera::PixelFormat pixels;
};

/// In the order in which they suit the road. libcamera's RGB888 lies as B G R in memory.
std::vector<Known> known_formats() {
    return {{RawFormat::nv12, libcamera::formats::NV12},    {RawFormat::yuv420, libcamera::formats::YUV420},
            {RawFormat::yuyv, libcamera::formats::YUYV},    {RawFormat::mjpeg, libcamera::formats::MJPEG},
            {RawFormat::bgr24, libcamera::formats::RGB888}, {RawFormat::grey, libcamera::formats::R8}};
}

bool offers(const libcamera::StreamFormats& offered, libcamera::PixelFormat pixels) {
    const auto all = offered.pixelformats();
    return std::ranges::find(all, pixels) != all.end();
}

libcamera::Size wanted_size(const LiveCameraSettings& settings) {
    return {static_cast<unsigned>(settings.width), static_cast<unsigned>(settings.height)};
}

bool in_steps(unsigned value, unsigned low, unsigned high, unsigned step) {
    return value >= low && value <= high && (step == 0 || (value - low) % step == 0);
}

bool fits(const libcamera::StreamFormats& offered, libcamera::PixelFormat pixels,
          const libcamera::Size& size) {
    const auto sizes = offered.sizes(pixels);
    if (std::ranges::find(sizes, size) != sizes.end()) return true;
    const libcamera::SizeRange range = offered.range(pixels);
    return range.hStep > 0 && range.vStep > 0 &&
           in_steps(size.width, range.min.width, range.max.width, range.hStep) &&
           in_steps(size.height, range.min.height, range.max.height, range.vStep);
}

std::string sizes_in_words(const libcamera::StreamFormats& offered, libcamera::PixelFormat pixels) {
    std::vector<std::string> words;
    for (const libcamera::Size& size : offered.sizes(pixels))
        words.push_back(fmt::format("{} x {}", size.width, size.height));
    if (words.empty()) return offered.range(pixels).toString();
    return fmt::format("{}", fmt::join(words, ", "));
}

bool too_much_for_usb(RawFormat format, const LiveCameraSettings& settings) {
    return format == RawFormat::yuyv &&
           2.0 * settings.width * settings.height * settings.frames_per_second > most_yuyv_bytes_a_second;
}

Error no_format(const libcamera::StreamFormats& offered, const LiveCameraSettings& settings,
                const std::string& camera) {
    std::vector<std::string> names;
    for (const libcamera::PixelFormat& pixels : offered.pixelformats())
        names.push_back(pixels.toString());
    return {ErrorCode::configuration,
            fmt::format(
                "camera.pixels: {} offers {}, not {}; {}", camera,
                names.empty() ? "no format" : fmt::format("{}", fmt::join(names, ", ")),
                settings.pixels ? to_string(*settings.pixels) : "nv12, yuv420, yuyv, mjpeg, bgr24 or grey",
                settings.pixels ? "write one of these, or \"auto\"" : "take another camera")};
}

}  // namespace

Result<libcamera::PixelFormat> choose_format(const libcamera::StreamFormats& offered,
                                             const LiveCameraSettings& settings, const std::string& camera) {
    const bool mjpeg_too = offers(offered, libcamera::formats::MJPEG);
    std::optional<std::string> sizes;
    for (const Known& known : known_formats()) {
        if (settings.pixels && *settings.pixels != known.format) continue;
        if (!offers(offered, known.pixels)) continue;
        if (!settings.pixels && mjpeg_too && too_much_for_usb(known.format, settings)) continue;
        if (fits(offered, known.pixels, wanted_size(settings))) return known.pixels;
        if (!sizes)
            sizes = fmt::format("{} in {}", known.pixels.toString(), sizes_in_words(offered, known.pixels));
    }
    if (!sizes) return fail(no_format(offered, settings, camera));
    return fail(ErrorCode::configuration,
                "camera.width_px, camera.height_px: {} gives {}, not in {} x {}; write one of these", camera,
                *sizes, settings.width, settings.height);
}

Result<camera::PictureLayout> layout_of(const libcamera::StreamConfiguration& stream,
                                        libcamera::PixelFormat wanted, const LiveCameraSettings& settings,
                                        const std::string& camera) {
    if (stream.pixelFormat != wanted || stream.size != wanted_size(settings))
        return fail(ErrorCode::configuration,
                    "camera.width_px, camera.height_px: {} gives {} in {} x {} px in the place of {} in {} x "
                    "{}; write "
                    "what it gives",
                    camera, stream.pixelFormat.toString(), stream.size.width, stream.size.height,
                    wanted.toString(), settings.width, settings.height);
    const auto all = known_formats();
    const auto known = std::ranges::find(all, wanted, &Known::pixels);
    camera::PictureLayout layout{known->format, settings.width, settings.height, {}};
    if (known->format == RawFormat::mjpeg) return layout;
    const std::size_t least = camera::least_stride(known->format, 0, settings.width);
    if (stream.stride < least)
        return fail(
            ErrorCode::unsupported,
            "{}: says that a line of {} px takes {} bytes, where {} is the least; its driver is broken",
            camera, settings.width, stream.stride, least);
    const std::size_t chroma = known->format == RawFormat::yuv420 ? stream.stride / 2 : stream.stride;
    layout.strides = {stream.stride, chroma, chroma};
    return layout;
}

}  // namespace portcullis::libcamera_driver
