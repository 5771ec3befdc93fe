#include "drivers/camera/made_pictures.hpp"

#include <doctest/doctest.h>
#include <png.h>
#include <turbojpeg.h>

#include <memory>

#include "base/file.hpp"

namespace portcullis::test {

namespace {

Bytes ramp(int width, int height, int channels) {
    Bytes pixels;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c)
                pixels.push_back(static_cast<std::byte>((x * 200 / width + y * 50 / height + c) & 0xff));
    return pixels;
}

png_uint_32 png_format(PngKind kind) {
    switch (kind) {
        case PngKind::grey8:
            return PNG_FORMAT_GRAY;
        case PngKind::grey16:
            return PNG_FORMAT_LINEAR_Y;
        case PngKind::rgb8:
            return PNG_FORMAT_RGB;
        case PngKind::rgb16:
            return PNG_FORMAT_LINEAR_RGB;
        case PngKind::rgba8:
            return PNG_FORMAT_RGBA;
        case PngKind::palette:
            return PNG_FORMAT_RGB_COLORMAP;
    }
    return PNG_FORMAT_GRAY;
}

}  // namespace

Bytes made_jpeg(int width, int height, JpegKind kind) {
    const int format = kind.grey ? TJPF_GRAY : (kind.cmyk ? TJPF_CMYK : TJPF_BGR);
    const Bytes pixels = ramp(width, height, tjPixelSize[format]);
    const std::unique_ptr<void, int (*)(void*)> handle(::tjInitCompress(), &::tjDestroy);
    unsigned char* out = nullptr;
    unsigned long size = 0;
    REQUIRE(::tjCompress2(handle.get(), u8(ByteView(pixels)), width, 0, height, format, &out, &size,
                          kind.grey ? TJSAMP_GRAY : TJSAMP_420, 90,
                          kind.progressive ? TJFLAG_PROGRESSIVE : 0) == 0);
    const auto* begin = reinterpret_cast<const std::byte*>(out);
    Bytes bytes(begin, begin + size);
    ::tjFree(out);
    return bytes;
}

Bytes made_png(int width, int height, PngKind kind) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = png_format(kind);
    const Bytes pixels = ramp(width, height, static_cast<int>(PNG_IMAGE_PIXEL_SIZE(image.format)));
    Bytes colours(256 * 3, std::byte{90});
    image.colormap_entries = kind == PngKind::palette ? 256 : 0;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    Bytes bytes(size);
    REQUIRE(::png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, colours.data()) !=
            0);
    bytes.resize(size);
    return bytes;
}

Bytes with_orientation(const Bytes& jpeg, int orientation) {
    using namespace std::string_view_literals;
    Bytes out(jpeg.begin(), jpeg.begin() + 2);
    const auto add = [&](std::string_view text) {
        const Bytes bytes = to_bytes(text);
        out.insert(out.end(), bytes.begin(), bytes.end());
    };
    add("\xff\xe1\x00\x22"
        "Exif\0\0"
        "MM\0\x2a\0\0\0\x08"
        "\0\x01"
        "\x01\x12\0\x03\0\0\0\x01\0"sv);
    out.push_back(static_cast<std::byte>(orientation));
    add("\0\0\0\0\0\0"sv);
    out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
    return out;
}

void write(const std::filesystem::path& path, ByteView bytes) {
    REQUIRE(write_file_atomically(path, bytes));
}

}  // namespace portcullis::test
