#include "drivers/camera/v4l2/v4l2_camera.hpp"

#include "base/log.hpp"
#include "drivers/camera/v4l2/controls.hpp"
#include "drivers/camera/v4l2/v4l2_source.hpp"

namespace portcullis {

Result<std::unique_ptr<Camera>> open_v4l2_camera(const LiveCameraSettings& settings, const Clock& clock,
                                                 std::shared_ptr<v4l2::DeviceCalls> calls) {
    if (!calls) calls = std::make_shared<v4l2::SystemCalls>();
    v4l2::Device device = TRY(v4l2::Device::open(settings.device, calls));
    const v4l2::AgreedFormat format = TRY(v4l2::agree_format(device, settings));
    TRY(v4l2::set_controls(device, settings));
    auto source = TRY(v4l2::V4l2Source::start(std::move(device), format, settings.buffers));
    log_info("camera", "{}: {} x {} px {} at {} frames/s", source->name(), format.layout.width,
             format.layout.height, to_string(format.layout.format), settings.frames_per_second);
    return TRY(LiveCamera::create(std::move(source), settings, clock));
}

}  // namespace portcullis
