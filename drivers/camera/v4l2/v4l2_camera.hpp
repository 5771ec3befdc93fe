#pragma once
// A camera behind the kernel's V4L2: USB cameras (UVC) and plain sensors that give whole pictures in one
// buffer. Pixels: mjpeg, yuyv, nv12, grey. The calls' meanings are the kernel's "Media Infrastructure
// userspace API". Reentrant.

#include "drivers/camera/common/live_camera.hpp"
#include "drivers/camera/v4l2/device_calls.hpp"

namespace portcullis {

/// Finds, sets up and starts it. calls: empty for the system's own. clock outlives the camera. Errors name
/// camera, key and cure: not_found, denied, io (busy, unplugged, no room on the bus), configuration (a
/// setting that it does not offer; names what it does), unsupported (a driver that makes no sense).
[[nodiscard]] Result<std::unique_ptr<Camera>> open_v4l2_camera(const LiveCameraSettings& settings,
                                                               const Clock& clock,
                                                               std::shared_ptr<v4l2::DeviceCalls> calls = {});

}  // namespace portcullis
