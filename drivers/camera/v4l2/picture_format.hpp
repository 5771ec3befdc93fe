#pragma once
// Format, size and rate: chosen from what the device lists, set, and compared with what it then says that it
// does. Thread-bound.

#include "drivers/camera/common/frame_source.hpp"
#include "drivers/camera/v4l2/device.hpp"

namespace portcullis::v4l2 {

inline constexpr unsigned max_listed = 256;  // formats, sizes and rates: a driver that lists more is cut off
inline constexpr double rate_tolerance = 0.05;

struct AgreedFormat {
    camera::PictureLayout layout;
    std::size_t image_bytes = 0;  // at most, of one picture
};

/// settings.pixels empty: the first of nv12, yuyv, mjpeg, grey that comes in the asked size and rate. Errors
/// (configuration): names the key and what the device offers; unsupported: its answers make no sense (a line
/// shorter than its pixels); io: busy, unplugged.
[[nodiscard]] Result<AgreedFormat> agree_format(const Device& device, const LiveCameraSettings& settings);

}  // namespace portcullis::v4l2
