#pragma once
// MjpegDecoder: the JPEG pictures of a camera, each of the agreed size, into buffers of a pool. Colours come
// out as bgr24, grey ones as grey8, like replay's. Thread-bound.

#include <memory>

#include "base/bytes.hpp"
#include "core/frame.hpp"
#include "drivers/camera/common/frame_pool.hpp"

namespace portcullis::camera {

struct DecodedPicture {
    FrameView view;
    std::shared_ptr<const void> pixels;
};

class MjpegDecoder {
  public:
    /// Errors: internal (out of memory).
    [[nodiscard]] static Result<MjpegDecoder> create();

    /// Errors (corrupt): cut, damaged, of another size than agreed.
    [[nodiscard]] Result<DecodedPicture> decode(ByteView jpeg, int width, int height);

  private:
    struct Destroy {
        void operator()(void* handle) const;
    };
    explicit MjpegDecoder(void* handle) : handle_(handle) {}
    [[nodiscard]] Result<DecodedPicture> decode_now(ByteView jpeg, int width, int height);

    std::unique_ptr<void, Destroy> handle_;
    FramePool pool_;
};

}  // namespace portcullis::camera
