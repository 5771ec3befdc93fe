#include "drivers/camera/libcamera/mapped_buffer.hpp"

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace portcullis::libcamera_driver {

namespace {

/// Where in its file a plane ends.
std::size_t end_of(const libcamera::FrameBuffer::Plane& plane) {
    return std::size_t{plane.offset} + plane.length;
}

}  // namespace

Result<const MappedBuffer::Region*> MappedBuffer::region_of(const libcamera::SharedFD& file,
                                                            std::size_t length) {
    for (const Region& region : regions_)
        if (region.file.get() == file.get()) return &region;
    void* address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) return fail(Error::from_errno("cannot map a buffer", errno));
    regions_.push_back({file, address, length});
    return &regions_.back();
}

Result<MappedBuffer> MappedBuffer::map(const libcamera::FrameBuffer& buffer) {
    MappedBuffer mapped;
    auto&& planes = buffer.planes();
    if (planes.empty() || planes.size() > max_planes)
        return fail(ErrorCode::unsupported, "a buffer of {} planes; 1 to {} are known", planes.size(),
                    max_planes);
    for (const auto& plane : planes) {
        if (plane.offset == libcamera::FrameBuffer::Plane::kInvalidOffset || plane.length == 0)
            return fail(ErrorCode::unsupported, "a plane without place or length; its driver is broken");
        std::size_t length = 0;  // of all planes in this file
        for (const auto& other : planes)
            if (other.fd.get() == plane.fd.get()) length = std::max(length, end_of(other));
        if (length > max_buffer_bytes)
            return fail(ErrorCode::unsupported, "a buffer of {} bytes; the limit is {}", length,
                        max_buffer_bytes);
        const Region* region = TRY(mapped.region_of(plane.fd, length));
        mapped.planes_.emplace_back(static_cast<const std::byte*>(region->address) + plane.offset,
                                    plane.length);
    }
    return mapped;
}

MappedBuffer::~MappedBuffer() {
    for (const Region& region : regions_)
        ::munmap(region.address, region.length);
}

void MappedBuffer::sync(bool begin) const {
    for (const Region& region : regions_) {
        dma_buf_sync how{};
        how.flags = DMA_BUF_SYNC_READ | (begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END);
        while (::ioctl(region.file.get(), DMA_BUF_IOCTL_SYNC, &how) != 0 &&
               (errno == EINTR || errno == EAGAIN)) {
        }
    }
}

}  // namespace portcullis::libcamera_driver
