#include "drivers/camera/libcamera/libcamera_camera.hpp"

#include "base/log.hpp"
#include "drivers/camera/libcamera/libcamera_source.hpp"

namespace portcullis {

Result<std::unique_ptr<Camera>> open_libcamera_camera(const LiveCameraSettings& settings,
                                                      const Clock& clock) {
    auto opened = TRY(libcamera_driver::OpenedCamera::open(settings.device));
    auto source = TRY(libcamera_driver::LibcameraSource::start(std::move(opened), settings));
    log_info("camera", "{}: {} x {} px {} at {} frames/s", source->name(), settings.width, settings.height,
             to_string(source->layout().format), settings.frames_per_second);
    return TRY(LiveCamera::create(std::move(source), settings, clock));
}

}  // namespace portcullis
