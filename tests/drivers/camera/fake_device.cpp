#include "drivers/camera/fake_device.hpp"

#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace portcullis::test {

namespace {

template <std::size_t N>
void write(__u8 (&field)[N], const std::string& text) {
    std::memcpy(field, text.c_str(), std::min(text.size() + 1, N));
}

unsigned line_bytes(std::uint32_t fourcc, unsigned width) {
    if (fourcc == V4L2_PIX_FMT_MJPEG) return 0;
    return fourcc == V4L2_PIX_FMT_YUYV ? 2 * width : width;
}

unsigned image_bytes(std::uint32_t fourcc, unsigned width, unsigned height) {
    if (fourcc == V4L2_PIX_FMT_MJPEG) return 2 * width * height + 4096;  // tables and all
    if (fourcc == V4L2_PIX_FMT_YUYV) return 2 * width * height;
    return fourcc == V4L2_PIX_FMT_NV12 ? width * height * 3 / 2 : width * height;
}

std::byte value(unsigned x, unsigned y, unsigned number, unsigned plane) {
    return static_cast<std::byte>((x * 3 + y * 7 + number * 29 + plane * 90) & 0xffU);
}

}  // namespace

Bytes made_yuyv(unsigned width, unsigned height, unsigned number) {
    Bytes bytes;
    for (unsigned y = 0; y < height; ++y)
        for (unsigned x = 0; x < width; x += 2)
            bytes.insert(bytes.end(), {value(x, y, number, 0), value(x, y, number, 1),
                                       value(x + 1, y, number, 0), value(x, y, number, 2)});
    return bytes;
}

Bytes made_grey(unsigned width, unsigned height, unsigned number) {
    Bytes bytes;
    for (unsigned y = 0; y < height; ++y)
        for (unsigned x = 0; x < width; ++x)
            bytes.push_back(value(x, y, number, 0));
    return bytes;
}

Bytes made_nv12(unsigned width, unsigned height, unsigned number) {
    Bytes bytes = made_grey(width, height, number);
    for (unsigned y = 0; y < height; y += 2)
        for (unsigned x = 0; x < width; x += 2)
            bytes.insert(bytes.end(), {value(x, y, number, 1), value(x, y, number, 2)});
    return bytes;
}

void FakeDevices::show(FakePicture picture, const std::string& path) {
    const std::lock_guard lock(mutex_);
    nodes_[path].pictures.push_back(std::move(picture));
}

void FakeDevices::unplug(const std::string& path) {
    const std::lock_guard lock(mutex_);
    nodes_[path].unplugged = true;
    nodes_[path].open_error = ENOENT;
}

std::size_t FakeDevices::opened() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
}

std::size_t FakeDevices::mapped() const {
    const std::lock_guard lock(mutex_);
    return mapped_.size();
}

std::size_t FakeDevices::waiting_buffers() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [fd, stream] : streams_)
        count += stream.queued.size();
    return count;
}

v4l2::Called FakeDevices::open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto node = nodes_.find(path);
    if (node == nodes_.end()) return {-1, ENOENT};
    if (node->second.open_error != 0) return {-1, node->second.open_error};
    Stream stream;
    stream.node = &node->second;
    streams_.emplace(next_fd_, std::move(stream));
    return {next_fd_++, 0};
}

void FakeDevices::close(int fd) {
    const std::lock_guard lock(mutex_);
    streams_.erase(fd);
}

v4l2::Called FakeDevices::ioctl(int fd, unsigned long request, void* argument) {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(fd);
    if (stream == streams_.end()) return {-1, EBADF};
    const FakeNode& node = *stream->second.node;
    if (node.unplugged) return {-1, ENODEV};
    if (const auto failing = node.fails.find(request); failing != node.fails.end())
        return {-1, failing->second};
    const int error = answer(stream->second, request, argument);
    return error == 0 ? v4l2::Called{} : v4l2::Called{-1, error};
}

int FakeDevices::answer(Stream& stream, unsigned long request, void* argument) {
    switch (request) {
        case VIDIOC_QUERYCAP: {
            auto& capability = *static_cast<v4l2_capability*>(argument);
            write(capability.card, stream.node->card);
            write(capability.bus_info, stream.node->place);
            capability.capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
            capability.device_caps = stream.node->abilities;
            return 0;
        }
        case VIDIOC_ENUM_FMT:
        case VIDIOC_ENUM_FRAMESIZES:
        case VIDIOC_ENUM_FRAMEINTERVALS:
            return enumerate(*stream.node, request, argument);
        case VIDIOC_S_FMT:
            return set_format(stream, argument);
        case VIDIOC_G_PARM:
        case VIDIOC_S_PARM: {
            auto& capture = static_cast<v4l2_streamparm*>(argument)->parm.capture;
            capture.capability = V4L2_CAP_TIMEPERFRAME;
            return 0;
        }
        case VIDIOC_QUERYCTRL:
        case VIDIOC_S_CTRL:
            return control(*stream.node, request, argument);
        case VIDIOC_REQBUFS:
        case VIDIOC_QUERYBUF:
        case VIDIOC_QBUF:
            return buffers(stream, request, argument);
        case VIDIOC_DQBUF:
            return take(stream, argument);
        case VIDIOC_STREAMON:
            stream.streaming = true;
            return 0;
        case VIDIOC_STREAMOFF:
            stream.streaming = false;
            stream.queued.clear();
            return 0;
        default:
            return ENOTTY;
    }
}

int FakeDevices::enumerate(const FakeNode& node, unsigned long request, void* argument) const {
    if (request == VIDIOC_ENUM_FMT) {
        auto& entry = *static_cast<v4l2_fmtdesc*>(argument);
        if (entry.index >= node.formats.size()) return EINVAL;
        entry.pixelformat = node.formats[entry.index].fourcc;
        return 0;
    }
    if (!node.lists_sizes) return ENOTTY;
    const auto of = [&](std::uint32_t fourcc) {
        return std::ranges::find(node.formats, fourcc, &FakeFormat::fourcc);
    };
    if (request == VIDIOC_ENUM_FRAMESIZES) {
        auto& entry = *static_cast<v4l2_frmsizeenum*>(argument);
        const auto format = of(entry.pixel_format);
        if (format == node.formats.end() || entry.index >= format->sizes.size()) return EINVAL;
        entry.type = V4L2_FRMSIZE_TYPE_DISCRETE;
        entry.discrete = {format->sizes[entry.index].first, format->sizes[entry.index].second};
        return 0;
    }
    auto& entry = *static_cast<v4l2_frmivalenum*>(argument);
    const auto format = of(entry.pixel_format);
    if (format == node.formats.end() || entry.index >= format->rates.size()) return EINVAL;
    entry.type = V4L2_FRMIVAL_TYPE_DISCRETE;
    entry.discrete = {1, format->rates[entry.index]};
    return 0;
}

int FakeDevices::set_format(Stream& stream, void* argument) {
    v4l2_pix_format& pix = static_cast<v4l2_format*>(argument)->fmt.pix;
    for (const FakeFormat& format : stream.node->formats) {
        if (format.fourcc != pix.pixelformat) continue;
        if (std::ranges::find(format.sizes, std::pair(pix.width, pix.height)) == format.sizes.end()) {
            pix.width = format.sizes[0].first;
            pix.height = format.sizes[0].second;
        }
        pix.bytesperline = format.line_bytes.value_or(line_bytes(pix.pixelformat, pix.width));
        pix.sizeimage = format.image_bytes.value_or(image_bytes(pix.pixelformat, pix.width, pix.height));
        pix.field = V4L2_FIELD_NONE;
        stream.fourcc = pix.pixelformat;
        stream.width = pix.width;
        stream.height = pix.height;
        return 0;
    }
    return EINVAL;
}

int FakeDevices::control(FakeNode& node, unsigned long request, void* argument) {
    if (request == VIDIOC_QUERYCTRL) {
        auto& query = *static_cast<v4l2_queryctrl*>(argument);
        const auto found = node.controls.find(query.id);
        if (found == node.controls.end()) return EINVAL;
        query.minimum = found->second.low;
        query.maximum = found->second.high;
        query.step = found->second.step;
        query.flags = found->second.flags;
        return 0;
    }
    const auto& wanted = *static_cast<v4l2_control*>(argument);
    const auto found = node.controls.find(wanted.id);
    if (found == node.controls.end()) return EINVAL;
    found->second.value = wanted.value;
    return 0;
}

int FakeDevices::buffers(Stream& stream, unsigned long request, void* argument) {
    if (request == VIDIOC_REQBUFS) {
        auto& wanted = *static_cast<v4l2_requestbuffers*>(argument);
        const unsigned bytes = image_bytes(stream.fourcc, stream.width, stream.height);
        for (unsigned i = 0; i < wanted.count; ++i)
            stream.buffers.push_back(std::make_shared<Bytes>(bytes));
        return 0;
    }
    auto& buffer = *static_cast<v4l2_buffer*>(argument);
    if (buffer.index >= stream.buffers.size()) return EINVAL;
    if (request == VIDIOC_QUERYBUF) {
        buffer.length = static_cast<std::uint32_t>(stream.buffers[buffer.index]->size());
        buffer.m.offset = buffer.index << 12U;
        return 0;
    }
    if (std::ranges::find(stream.queued, buffer.index) != stream.queued.end()) return EINVAL;
    stream.queued.push_back(buffer.index);
    return 0;
}

int FakeDevices::take(Stream& stream, void* argument) {
    if (!stream.streaming) return EINVAL;
    if (stream.node->pictures.empty() || stream.queued.empty()) return EAGAIN;
    const FakePicture picture = std::move(stream.node->pictures.front());
    stream.node->pictures.pop_front();
    if (picture.error != 0) return picture.error;
    auto& buffer = *static_cast<v4l2_buffer*>(argument);
    buffer.index = stream.queued.front();
    stream.queued.pop_front();
    Bytes& memory = *stream.buffers[buffer.index];
    std::copy_n(picture.bytes.begin(), std::min(picture.bytes.size(), memory.size()), memory.begin());
    buffer.bytesused = static_cast<std::uint32_t>(picture.bytes.size());
    buffer.flags = picture.flags;
    buffer.sequence = picture.sequence.value_or(stream.sequence);
    stream.sequence = buffer.sequence + 1;
    const auto stamp = clock_.since_boot().time_since_epoch() - microseconds(picture.age);
    buffer.timestamp.tv_sec = stamp.count() / 1'000'000;
    buffer.timestamp.tv_usec = stamp.count() % 1'000'000;
    return 0;
}

v4l2::Mapped FakeDevices::map(int fd, std::size_t length, std::size_t offset) {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(fd);
    const std::size_t index = offset >> 12U;
    if (stream == streams_.end() || index >= stream->second.buffers.size()) return {nullptr, EINVAL};
    const Memory& memory = stream->second.buffers[index];
    if (length > memory->size()) return {nullptr, EINVAL};
    mapped_[memory->data()] = memory;
    return {memory->data(), 0};
}

void FakeDevices::unmap(void* address, std::size_t) {
    const std::lock_guard lock(mutex_);
    mapped_.erase(address);
}

v4l2::Called FakeDevices::poll(int fd, std::chrono::milliseconds time) {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(fd);
    if (stream == streams_.end()) return {POLLNVAL, 0};
    if (stream->second.node->unplugged) return {POLLERR | POLLHUP, 0};
    if (!stream->second.node->pictures.empty() && !stream->second.queued.empty()) return {POLLIN, 0};
    clock_.advance(time);
    return {};
}

std::chrono::nanoseconds FakeDevices::monotonic() {
    return clock_.since_boot().time_since_epoch();
}

}  // namespace portcullis::test
