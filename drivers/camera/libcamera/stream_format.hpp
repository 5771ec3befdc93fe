#pragma once
// Pixels and size: chosen from what a stream offers, and libcamera's validation read. Thread-bound.

#include "base/result.hpp"
#include "drivers/camera/common/frame_source.hpp"
#include "drivers/camera/libcamera/differences.hpp"

namespace portcullis::libcamera_driver {

/// More than this in yuyv does not fit a USB 2 bus; then mjpeg is taken if it is offered.
inline constexpr double most_yuyv_bytes_a_second = 35e6;

/// settings.pixels empty: the first of nv12, yuv420, yuyv, mjpeg, bgr24, grey that comes in the asked size.
/// Errors (configuration): names the key and what is offered.
[[nodiscard]] Result<libcamera::PixelFormat> choose_format(const libcamera::StreamFormats& offered,
                                                           const LiveCameraSettings& settings,
                                                           const std::string& camera);

/// The layout of a validated stream. Errors: configuration (the camera gives something else), unsupported (a
/// stride that makes no sense).
[[nodiscard]] Result<camera::PictureLayout> layout_of(const libcamera::StreamConfiguration& stream,
                                                      libcamera::PixelFormat wanted,
                                                      const LiveCameraSettings& settings,
                                                      const std::string& camera);

}  // namespace portcullis::libcamera_driver
