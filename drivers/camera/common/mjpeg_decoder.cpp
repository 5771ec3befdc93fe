#include "drivers/camera/common/mjpeg_decoder.hpp"

#include <turbojpeg.h>

#include "drivers/camera/common/jpeg_warnings.hpp"

namespace portcullis::camera {

void MjpegDecoder::Destroy::operator()(void* handle) const {
    ::tjDestroy(handle);
}

Result<MjpegDecoder> MjpegDecoder::create() {
    void* handle = ::tjInitDecompress();
    if (handle == nullptr) return fail(ErrorCode::internal, "libjpeg-turbo cannot start: out of memory?");
    return MjpegDecoder(handle);
}

/// A broken picture can leave the library in the middle of its header, and the next one would be misread
/// (libjpeg-turbo 2.1: a whole picture behind a cut one comes out as 0 x 0 px): it begins afresh.
Result<DecodedPicture> MjpegDecoder::decode(ByteView jpeg, int width, int height) {
    auto picture = decode_now(jpeg, width, height);
    if (picture) return picture;
    handle_.reset();
    return picture;
}

Result<DecodedPicture> MjpegDecoder::decode_now(ByteView jpeg, int width, int height) {
    int has_width = 0;
    int has_height = 0;
    int subsampling = 0;
    int colours = 0;
    const auto length = static_cast<unsigned long>(jpeg.size());
    if (jpeg.empty()) return fail(ErrorCode::corrupt, "an empty picture");
    if (!handle_) handle_.reset(::tjInitDecompress());
    if (!handle_) return fail(ErrorCode::internal, "libjpeg-turbo cannot start: out of memory?");
    if (::tjDecompressHeader3(handle_.get(), u8(jpeg), length, &has_width, &has_height, &subsampling,
                              &colours) != 0)
        return fail(ErrorCode::corrupt, "damaged or truncated JPEG ({})", ::tjGetErrorStr2(handle_.get()));
    if (has_width != width || has_height != height)
        return fail(ErrorCode::corrupt, "a JPEG of {} x {} px, where {} x {} was agreed", has_width,
                    has_height, width, height);
    if (colours == TJCS_CMYK || colours == TJCS_YCCK) return fail(ErrorCode::corrupt, "a CMYK JPEG");
    const int channels = colours == TJCS_GRAY ? 1 : 3;
    auto lines = pool_.take(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                            static_cast<std::size_t>(channels));
    const int done = ::tjDecompress2(handle_.get(), u8(jpeg), length, u8(*lines), width, width * channels,
                                     height, channels == 1 ? TJPF_GRAY : TJPF_BGR, TJFLAG_LIMITSCANS);
    if (done != 0 && !is_harmless_warning(handle_.get()))
        return fail(ErrorCode::corrupt, "damaged or truncated JPEG ({})", ::tjGetErrorStr2(handle_.get()));
    FrameView view{channels == 1 ? PixelFormat::grey8 : PixelFormat::bgr24, width, height, {}};
    view.planes[0] = {u8(*lines), static_cast<std::size_t>(width) * static_cast<std::size_t>(channels)};
    return DecodedPicture{view, std::move(lines)};
}

}  // namespace portcullis::camera
