#include "drivers/camera/v4l2/v4l2_source.hpp"

#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "drivers/camera/common/packed_pictures.hpp"

namespace portcullis::v4l2 {

namespace {

constexpr auto stream_type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

v4l2_buffer buffer_of(std::size_t index) {
    v4l2_buffer buffer{};
    buffer.type = stream_type;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = static_cast<std::uint32_t>(index);
    return buffer;
}

/// Only a stamp of the monotonic clock can be told from now.
std::optional<microseconds> age_of(const v4l2_buffer& buffer, std::chrono::nanoseconds now) {
    if ((buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
        return std::nullopt;
    const auto stamp = std::chrono::seconds(buffer.timestamp.tv_sec) + microseconds(buffer.timestamp.tv_usec);
    return std::chrono::duration_cast<microseconds>(now) - stamp;
}

}  // namespace

Result<std::shared_ptr<V4l2Source>> V4l2Source::start(Device device, const AgreedFormat& format,
                                                      std::size_t buffers) {
    std::shared_ptr<V4l2Source> source(new V4l2Source(std::move(device), format));
    TRY(source->map_buffers(buffers));
    for (std::size_t i = 0; i < source->buffers_.size(); ++i)
        if (const Called queued = source->queue(i); !queued.ok())
            return fail(source->device_.failed("cannot queue a buffer", queued.error));
    int type = stream_type;
    const Called called = source->device_.ioctl(VIDIOC_STREAMON, &type);
    if (!called.ok()) return fail(source->device_.failed("cannot start the stream", called.error));
    source->streaming_ = true;
    return source;
}

V4l2Source::~V4l2Source() {
    stop();
    for (const Buffer& buffer : buffers_)
        device_.calls().unmap(buffer.address, buffer.length);
}

Result<void> V4l2Source::map_buffers(std::size_t count) {
    v4l2_requestbuffers request{};
    request.count = static_cast<std::uint32_t>(count);
    request.type = stream_type;
    request.memory = V4L2_MEMORY_MMAP;
    const Called called = device_.ioctl(VIDIOC_REQBUFS, &request);
    if (!called.ok()) return fail(device_.failed("cannot get buffers", called.error));
    if (request.count < 2)
        return fail(ErrorCode::io, "{}: gives {} buffers; streaming needs two", name(), request.count);
    for (std::uint32_t i = 0; i < request.count; ++i)
        TRY(map_one(i));
    return {};
}

Result<void> V4l2Source::map_one(std::uint32_t index) {
    v4l2_buffer buffer = buffer_of(index);
    const Called asked = device_.ioctl(VIDIOC_QUERYBUF, &buffer);
    if (!asked.ok()) return fail(device_.failed("cannot ask for a buffer", asked.error));
    const bool enough = format_.layout.format == RawFormat::mjpeg || buffer.length >= format_.image_bytes;
    if (!enough || buffer.length == 0)
        return fail(ErrorCode::unsupported,
                    "{}: gives a buffer of {} bytes for pictures of {}; its driver is broken", name(),
                    buffer.length, format_.image_bytes);
    const Mapped mapped = device_.calls().map(device_.fd(), buffer.length, buffer.m.offset);
    if (mapped.error != 0) return fail(device_.failed("cannot map a buffer", mapped.error));
    buffers_.push_back({mapped.address, buffer.length});
    return {};
}

Called V4l2Source::queue(std::size_t index) const {
    v4l2_buffer buffer = buffer_of(index);
    return device_.ioctl(VIDIOC_QBUF, &buffer);
}

void V4l2Source::give_back(std::size_t buffer) {
    const std::lock_guard lock(mutex_);
    // A failure is that of the whole device, and wait() tells it.
    if (streaming_) static_cast<void>(queue(buffer));
}

void V4l2Source::stop() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(streaming_, false)) return;
    int type = stream_type;
    static_cast<void>(device_.ioctl(VIDIOC_STREAMOFF, &type));
    device_.close();
}

Result<std::optional<camera::RawPicture>> V4l2Source::wait(milliseconds patience) {
    const Called polled = device_.calls().poll(device_.fd(), patience);
    if (!polled.ok()) return fail(Error::from_errno("cannot wait for a picture", polled.error));
    if (polled.value == 0) return std::optional<camera::RawPicture>();
    return take(polled.value);
}

Result<std::optional<camera::RawPicture>> V4l2Source::take(int events) {
    v4l2_buffer buffer = buffer_of(0);
    const Called called = device_.ioctl(VIDIOC_DQBUF, &buffer);
    const bool gone = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (called.error == EAGAIN && !gone) return std::optional<camera::RawPicture>();
    if (called.error == EIO) return fail(ErrorCode::corrupt, "the driver lost a picture (EIO)");
    if (called.error == ENODEV || (!called.ok() && gone))
        return fail(ErrorCode::io, "the camera was unplugged");
    if (!called.ok())
        return fail(Error(ErrorCode::io, Error::from_errno("cannot take a picture", called.error).message()));
    if (buffer.index >= buffers_.size())
        return fail(ErrorCode::io, "the driver handed out buffer {} of {}", buffer.index, buffers_.size());
    if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0) {
        give_back(buffer.index);
        return fail(ErrorCode::corrupt, "the driver calls a picture damaged");
    }
    camera::RawPicture picture = picture_of(buffer.index, buffer.bytesused);
    picture.sequence = buffer.sequence;
    picture.age = age_of(buffer, device_.calls().monotonic());
    return std::optional(picture);
}

/// filled comes from the driver: it counts as far as the buffer goes.
camera::RawPicture V4l2Source::picture_of(std::size_t index, std::size_t filled) const {
    const Buffer& buffer = buffers_[index];
    const ByteView all(static_cast<const std::byte*>(buffer.address), std::min(filled, buffer.length));
    camera::RawPicture picture;
    picture.buffer = index;
    picture.planes[0] = all;
    if (format_.layout.format == RawFormat::nv12) {
        const std::size_t luma = format_.layout.strides[0] * static_cast<std::size_t>(format_.layout.height);
        picture.planes[1] = all.subspan(std::min(luma, all.size()));
    }
    return picture;
}

}  // namespace portcullis::v4l2
