#include <png.h>

#include <memory>

#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

namespace {

struct PngImage {
    png_image image{};
    PngImage() { image.version = PNG_IMAGE_VERSION; }
    PngImage(const PngImage&) = delete;
    PngImage& operator=(const PngImage&) = delete;
    ~PngImage() { ::png_image_free(&image); }
};

Failure png_failure(const png_image& image) {
    return fail(ErrorCode::corrupt, "damaged or truncated PNG ({}); replace or remove it", image.message);
}

}  // namespace

// libpng's simplified reader brings palette, 1 to 16 bits, alpha and interlace to 8-bit grey or BGR.
Result<Picture> decode_png(ByteView bytes) {
    PngImage png;
    png_image& image = png.image;
    if (::png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
        return png_failure(image);
    TRY(check_picture_size(image.width, image.height));
    const bool colour = (image.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_COLORMAP)) != 0;
    // Cameras and converters write 16-bit files gamma-encoded, not linear as libpng would assume.
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image.format = colour ? PNG_FORMAT_BGR : PNG_FORMAT_GRAY;
    Bytes lines(PNG_IMAGE_SIZE(image));
    const png_color background{128, 128, 128};  // behind transparent pixels: no edge against dark or bright
    if (::png_image_finish_read(&image, &background, lines.data(), 0, nullptr) == 0)
        return png_failure(image);
    return picture_from(std::move(lines), static_cast<int>(image.width), static_cast<int>(image.height),
                        colour ? 3 : 1);
}

}  // namespace portcullis::replay
