#include "drivers/camera/v4l2/device.hpp"

#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace portcullis::v4l2 {

namespace {

template <std::size_t N>
std::string text(const __u8 (&field)[N]) {
    return {std::begin(field), std::find(std::begin(field), std::end(field), 0)};
}

Error open_error(const std::string& path, int error) {
    switch (error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return {ErrorCode::not_found,
                    fmt::format("{}: no such camera; plug it in, or correct camera.device", path)};
        case EACCES:
        case EPERM:
            return {ErrorCode::denied,
                    fmt::format("{}: this user may not open it; the service needs the group video "
                                "(SupplementaryGroups=video) and DeviceAllow=char-video4linux rw",
                                path)};
        case EBUSY:
            return {ErrorCode::io,
                    fmt::format("{}: another program uses it; `fuser -v {}` names it", path, path)};
        default:
            return Error::from_errno("cannot open " + path, error);
    }
}

}  // namespace

Device::Device(Device&& other) noexcept
    : calls_(std::move(other.calls_)), fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}

void Device::close() {
    if (fd_ >= 0) calls_->close(fd_);
    fd_ = -1;
}

Error Device::failed(std::string_view what, int error) const {
    if (error == EBUSY)
        return {ErrorCode::io,
                fmt::format("{}: {}: another program uses it; `fuser -v /dev/video*` names it", name_, what)};
    if (error == ENODEV) return {ErrorCode::io, fmt::format("{}: {}: it was unplugged", name_, what)};
    if (error == ENOSPC)
        return {ErrorCode::io,
                fmt::format("{}: {}: its bus has no room for this stream; take mjpeg, a smaller "
                            "picture or another USB port",
                            name_, what)};
    return Error::from_errno(fmt::format("{}: {}", name_, what), error);
}

Result<Device::Kind> Device::kind() const {
    v4l2_capability capability{};
    const Called called = ioctl(VIDIOC_QUERYCAP, &capability);
    if (called.error == ENOTTY || called.error == EINVAL)
        return fail(ErrorCode::unsupported, "{}: not a video device; correct camera.device", name_);
    if (!called.ok()) return fail(failed("cannot ask what it is", called.error));
    // A node's own abilities; those of the whole device count nodes that carry metadata only.
    const std::uint32_t able = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0
                                   ? capability.device_caps
                                   : capability.capabilities;
    return Kind{(able & V4L2_CAP_VIDEO_CAPTURE) != 0, (able & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0,
                (able & V4L2_CAP_STREAMING) != 0, text(capability.card), text(capability.bus_info)};
}

Result<void> Device::check(const Kind& kind) {
    name_ = fmt::format("{} ({})", name_, kind.card);
    if (!kind.captures && kind.many_planes)
        return fail(ErrorCode::unsupported,
                    "{}: gives its planes in separate buffers; take camera.driver = \"libcamera\"", name_);
    if (!kind.captures)
        return fail(ErrorCode::unsupported, "{}: captures no pictures; correct camera.device", name_);
    if (!kind.streams)
        return fail(ErrorCode::unsupported, "{}: cannot stream into mapped buffers; take another camera",
                    name_);
    return {};
}

Result<Device> Device::open_path(const std::string& path, const std::shared_ptr<DeviceCalls>& calls) {
    const Called called = calls->open(path);
    if (!called.ok()) return fail(open_error(path, called.error));
    Device device(calls, called.value, path);
    const Kind kind = TRY(device.kind());
    TRY(device.check(kind));
    return device;
}

Result<Device> Device::find(const std::string& wanted, const std::shared_ptr<DeviceCalls>& calls) {
    std::vector<std::string> seen;
    std::optional<Error> refused;
    for (int i = 0; i < max_device_nodes; ++i) {
        const std::string path = fmt::format("/dev/video{}", i);
        const Called called = calls->open(path);
        if (called.error == ENOENT) continue;
        if (!called.ok()) {
            refused = open_error(path, called.error);
            continue;
        }
        Device device(calls, called.value, path);
        const auto kind = device.kind();
        if (!kind || !kind->captures) continue;
        seen.push_back(fmt::format("{} ({}, {})", path, kind->card, kind->place));
        const bool fits =
            kind->card.find(wanted) != std::string::npos || kind->place.find(wanted) != std::string::npos;
        if (!fits) continue;
        TRY(device.check(*kind));
        return device;
    }
    if (seen.empty() && refused) return fail(std::move(*refused));
    if (seen.empty())
        return fail(ErrorCode::not_found, "no camera is there (no /dev/video* that captures); plug one in");
    return fail(ErrorCode::not_found,
                "no camera's name or place holds \"{}\"; there are: {}; correct camera.device", wanted,
                fmt::join(seen, ", "));
}

Result<Device> Device::open(const std::string& wanted, const std::shared_ptr<DeviceCalls>& calls) {
    return wanted.starts_with('/') ? open_path(wanted, calls) : find(wanted, calls);
}

}  // namespace portcullis::v4l2
