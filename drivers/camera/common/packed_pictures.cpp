#include "drivers/camera/common/packed_pictures.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace portcullis::camera {

namespace {

std::size_t half(int length) {
    return static_cast<std::size_t>(length + 1) / 2;
}

std::size_t lines_of(RawFormat format, std::size_t plane, int height) {
    const bool chroma = plane > 0 && (format == RawFormat::nv12 || format == RawFormat::yuv420);
    return chroma ? half(height) : static_cast<std::size_t>(height);
}

PixelFormat pixel_format(RawFormat format) {
    switch (format) {
        case RawFormat::nv12:
            return PixelFormat::nv12;
        case RawFormat::yuv420:
            return PixelFormat::yuv420p;
        case RawFormat::grey:
            return PixelFormat::grey8;
        case RawFormat::bgr24:
            return PixelFormat::bgr24;
        case RawFormat::mjpeg:
        case RawFormat::yuyv:
            break;
    }
    PORTCULLIS_ASSERT(false && "this format cannot be read in place");
    return PixelFormat::grey8;
}

RawFormat raw_format(PixelFormat format) {
    switch (format) {
        case PixelFormat::nv12:
            return RawFormat::nv12;
        case PixelFormat::yuv420p:
            return RawFormat::yuv420;
        case PixelFormat::bgr24:
            return RawFormat::bgr24;
        case PixelFormat::grey8:
            break;
    }
    return RawFormat::grey;
}

/// One line of Y U Y V to luma.
void take_luma(const std::uint8_t* yuyv, std::uint8_t* luma, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) {
        luma[2 * i] = yuyv[4 * i];
        luma[2 * i + 1] = yuyv[4 * i + 2];
    }
}

/// Two lines of Y U Y V to one line of U V.
void take_chroma(const std::uint8_t* above, const std::uint8_t* below, std::uint8_t* chroma,
                 std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) {
        chroma[2 * i] = static_cast<std::uint8_t>((above[4 * i + 1] + below[4 * i + 1] + 1) / 2);
        chroma[2 * i + 1] = static_cast<std::uint8_t>((above[4 * i + 3] + below[4 * i + 3] + 1) / 2);
    }
}

PictureLayout tight_layout(const FrameView& view) {
    PictureLayout layout{raw_format(view.format), view.width, view.height, {}};
    for (std::size_t plane = 0; plane < planes_of(layout.format); ++plane)
        layout.strides[plane] = least_stride(layout.format, plane, view.width);
    return layout;
}

}  // namespace

std::size_t planes_of(RawFormat format) {
    if (format == RawFormat::yuv420) return 3;
    return format == RawFormat::nv12 ? 2 : 1;
}

std::size_t least_stride(RawFormat format, std::size_t plane, int width) {
    const auto full = static_cast<std::size_t>(width);
    switch (format) {
        case RawFormat::yuyv:
            return 4 * half(width);
        case RawFormat::nv12:
            return plane == 0 ? full : 2 * half(width);
        case RawFormat::yuv420:
            return plane == 0 ? full : half(width);
        case RawFormat::bgr24:
            return 3 * full;
        case RawFormat::grey:
            return full;
        case RawFormat::mjpeg:
            break;
    }
    return 0;
}

std::size_t least_plane_bytes(const PictureLayout& layout, std::size_t plane) {
    const std::size_t lines = lines_of(layout.format, plane, layout.height);
    return (lines - 1) * layout.strides[plane] + least_stride(layout.format, plane, layout.width);
}

Result<void> check_filled(const PictureLayout& layout, const RawPicture& picture) {
    if (layout.format == RawFormat::mjpeg) return {};
    for (std::size_t plane = 0; plane < planes_of(layout.format); ++plane) {
        const std::size_t wanted = least_plane_bytes(layout, plane);
        if (picture.planes[plane].size() < wanted)
            return fail(ErrorCode::corrupt, "a picture cut short: {} bytes of {}",
                        picture.planes[plane].size(), wanted);
    }
    return {};
}

FrameView view_in_place(const PictureLayout& layout, const RawPicture& picture) {
    FrameView view{pixel_format(layout.format), layout.width, layout.height, {}};
    for (std::size_t plane = 0; plane < planes_of(layout.format); ++plane)
        view.planes[plane] = {u8(picture.planes[plane]), layout.strides[plane]};
    return view;
}

std::size_t nv12_bytes(const PictureLayout& layout) {
    return 2 * half(layout.width) * (static_cast<std::size_t>(layout.height) + half(layout.height));
}

FrameView nv12_from_yuyv(const PictureLayout& layout, ByteView yuyv, Bytes& to) {
    const std::size_t pairs = half(layout.width);
    const std::size_t stride = 2 * pairs;
    const auto height = static_cast<std::size_t>(layout.height);
    const std::uint8_t* from = u8(yuyv);
    std::uint8_t* luma = u8(to);
    std::uint8_t* chroma = luma + stride * height;
    for (std::size_t y = 0; y < height; ++y)
        take_luma(from + y * layout.strides[0], luma + y * stride, pairs);
    for (std::size_t y = 0; y < height; y += 2) {
        const std::uint8_t* above = from + y * layout.strides[0];
        const std::uint8_t* below = y + 1 < height ? above + layout.strides[0] : above;
        take_chroma(above, below, chroma + (y / 2) * stride, pairs);
    }
    FrameView view{PixelFormat::nv12, layout.width, layout.height, {}};
    view.planes[0] = {luma, stride};
    view.planes[1] = {chroma, stride};
    return view;
}

std::size_t tight_bytes(const FrameView& view) {
    const PictureLayout layout = tight_layout(view);
    std::size_t total = 0;
    for (std::size_t plane = 0; plane < planes_of(layout.format); ++plane)
        total += least_plane_bytes(layout, plane);
    return total;
}

FrameView copied(const FrameView& view, Bytes& to) {
    const PictureLayout layout = tight_layout(view);
    FrameView result = view;
    std::uint8_t* at = u8(to);
    for (std::size_t plane = 0; plane < planes_of(layout.format); ++plane) {
        const std::size_t line = layout.strides[plane];
        result.planes[plane] = {at, line};
        for (std::size_t y = 0; y < lines_of(layout.format, plane, view.height); ++y, at += line)
            std::memcpy(at, view.planes[plane].data + y * view.planes[plane].stride, line);
    }
    return result;
}

}  // namespace portcullis::camera
