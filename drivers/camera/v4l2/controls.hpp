#pragma once
// Exposure, gain, focus and colours: from the settings to the device, each checked against what it offers.
// What a setting fixes, the device's automatic for it is switched off first. Thread-bound.

#include "drivers/camera/common/live_settings.hpp"
#include "drivers/camera/v4l2/device.hpp"

namespace portcullis::v4l2 {

/// Errors: configuration (the key, what the device offers), io.
[[nodiscard]] Result<void> set_controls(const Device& device, const LiveCameraSettings& settings);

}  // namespace portcullis::v4l2
