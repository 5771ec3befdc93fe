#pragma once
// MappedBuffer: the dma-buf planes of one FrameBuffer, mapped once for reading. Keeps its own hold on the
// dma-buf, so what was lent stays readable when the camera is gone. Thread-bound, save begin/end_reading.

#include <array>
#include <vector>

#include "base/bytes.hpp"
#include "drivers/camera/libcamera/differences.hpp"

namespace portcullis::libcamera_driver {

inline constexpr std::size_t max_planes = 3;
inline constexpr std::size_t max_buffer_bytes = std::size_t{256} << 20U;  // of one dma-buf

class MappedBuffer {
  public:
    /// Planes of one file are mapped together. Errors: io, unsupported (no planes, no place, too large).
    [[nodiscard]] static Result<MappedBuffer> map(const libcamera::FrameBuffer& buffer);
    MappedBuffer(MappedBuffer&&) noexcept = default;
    MappedBuffer& operator=(MappedBuffer&&) = delete;
    MappedBuffer(const MappedBuffer&) = delete;
    MappedBuffer& operator=(const MappedBuffer&) = delete;
    ~MappedBuffer();

    [[nodiscard]] std::size_t planes() const { return planes_.size(); }
    [[nodiscard]] ByteView plane(std::size_t index) const { return planes_[index]; }

    /// The processor's cache is made to see what the camera wrote (DMA_BUF_IOCTL_SYNC); what is no dma-buf
    /// needs none.
    void begin_reading() const { sync(true); }
    void end_reading() const { sync(false); }

  private:
    struct Region {
        libcamera::SharedFD file;
        void* address;
        std::size_t length;
    };
    MappedBuffer() = default;
    Result<const Region*> region_of(const libcamera::SharedFD& file, std::size_t length);
    void sync(bool begin) const;

    std::vector<Region> regions_;
    std::vector<ByteView> planes_;
};

}  // namespace portcullis::libcamera_driver
