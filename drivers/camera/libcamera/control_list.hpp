#pragma once
// Exposure, gain, focus, colours and the frame's duration as libcamera's controls, each checked against the
// camera's ControlInfoMap. Pure, reentrant. The meanings are those of libcamera's control_ids.

#include "drivers/camera/common/live_settings.hpp"
#include "drivers/camera/libcamera/differences.hpp"

#include "base/result.hpp"

namespace portcullis::libcamera_driver {

/// Errors (configuration): the key, what the camera offers. camera: its name, for messages.
[[nodiscard]] Result<libcamera::ControlList> control_list(const libcamera::ControlInfoMap& offered,
                                                          const LiveCameraSettings& settings,
                                                          const std::string& camera);

}  // namespace portcullis::libcamera_driver
