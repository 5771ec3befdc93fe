#pragma once
// A camera behind libcamera: USB cameras, and sensors whose pictures an image signal processor makes
// (Raspberry Pi, i.MX, Rockchip). Pixels: nv12, yuv420, yuyv, mjpeg, bgr24, grey. One at a time in a process.
// Reentrant.

#include "drivers/camera/common/live_camera.hpp"

namespace portcullis {

/// Finds (settings.device: id, or a part of id or model), sets up and starts it. clock outlives the camera.
/// Errors name camera, key and cure: not_found, denied, io (busy, unplugged), configuration (a setting that
/// it does not offer; names what it does), unsupported.
[[nodiscard]] Result<std::unique_ptr<Camera>> open_libcamera_camera(const LiveCameraSettings& settings,
                                                                    const Clock& clock);

}  // namespace portcullis
