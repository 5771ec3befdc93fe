#include <turbojpeg.h>

#include <memory>

#include "drivers/camera/common/jpeg_warnings.hpp"
#include "drivers/camera/replay/exif_orientation.hpp"
#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

namespace {

struct Destroy {
    void operator()(void* handle) const { ::tjDestroy(handle); }
};
using Decompressor = std::unique_ptr<void, Destroy>;

Failure jpeg_error(tjhandle handle) {
    return fail(ErrorCode::corrupt, "damaged or truncated JPEG ({}); replace or remove it",
                ::tjGetErrorStr2(handle));
}

}  // namespace

Result<Picture> decode_jpeg(ByteView bytes) {
    const Decompressor handle(::tjInitDecompress());
    if (!handle) return fail(ErrorCode::internal, "libjpeg-turbo cannot start: out of memory?");
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colours = 0;
    const auto length = static_cast<unsigned long>(bytes.size());
    if (::tjDecompressHeader3(handle.get(), u8(bytes), length, &width, &height, &subsampling, &colours) != 0)
        return jpeg_error(handle.get());
    if (width < 1 || height < 1)  // the library says "fine" to a file that ends before its first header
        return fail(ErrorCode::corrupt,
                    "damaged or truncated JPEG (no picture header); replace or remove it");
    TRY(check_picture_size(width, height));
    if (colours == TJCS_CMYK || colours == TJCS_YCCK)
        return fail(ErrorCode::unsupported, "a CMYK JPEG (made for printing); convert it to RGB");

    const int channels = colours == TJCS_GRAY ? 1 : 3;
    Bytes lines(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                static_cast<std::size_t>(channels));
    // LIMITSCANS: a progressive file of a few kB can ask for minutes of work.
    const int done = ::tjDecompress2(handle.get(), u8(bytes), length, u8(lines), width, width * channels,
                                     height, channels == 1 ? TJPF_GRAY : TJPF_BGR, TJFLAG_LIMITSCANS);
    if (done != 0 && !camera::is_harmless_warning(handle.get())) return jpeg_error(handle.get());
    return upright(std::move(lines), width, height, channels, exif_orientation(bytes));
}

}  // namespace portcullis::replay
