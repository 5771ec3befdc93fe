#include "drivers/camera/libcamera/opened_camera.hpp"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "drivers/camera/libcamera/log_lines.hpp"

namespace portcullis::libcamera_driver {

namespace {

constexpr int max_media_nodes = 16;

std::string in_words(const libcamera::Camera& camera) {
    const std::string model = model_of(camera);
    return model.empty() ? camera.id() : fmt::format("{} ({})", model, camera.id());
}

/// libcamera passes over devices that it may not open without a word.
std::optional<std::string> forbidden_node() {
    for (int i = 0; i < max_media_nodes; ++i) {
        std::string path = fmt::format("/dev/media{}", i);
        if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), R_OK | W_OK) != 0) return path;
    }
    return std::nullopt;
}

Error no_camera(const std::string& wanted, const std::vector<std::shared_ptr<libcamera::Camera>>& cameras) {
    std::vector<std::string> names;
    names.reserve(cameras.size());
    for (const auto& camera : cameras)
        names.push_back(in_words(*camera));
    if (!names.empty())
        return {ErrorCode::not_found,
                fmt::format("no camera's id or model holds \"{}\"; there are: {}; correct "
                            "camera.device",
                            wanted, fmt::join(names, ", "))};
    if (const auto forbidden = forbidden_node())
        return {ErrorCode::denied,
                fmt::format("{}: this user may not open it; the service needs the group video "
                            "(SupplementaryGroups=video), DeviceAllow=char-media rw and char-video4linux rw",
                            *forbidden)};
    return {ErrorCode::not_found,
            "libcamera knows no camera here; plug one in, or take camera.driver = \"v4l2\""};
}

bool fits(const libcamera::Camera& camera, const std::string& wanted) {
    return camera.id().find(wanted) != std::string::npos ||
           model_of(camera).find(wanted) != std::string::npos;
}

}  // namespace

Result<OpenedCamera> OpenedCamera::open(const std::string& wanted) {
    take_over_log();
    OpenedCamera opened;
    opened.manager_ = std::make_unique<libcamera::CameraManager>();
    if (const int error = opened.manager_->start(); error != 0) {
        opened.manager_.reset();
        return fail(Error::from_errno("libcamera cannot start", -error));
    }
    const auto cameras = opened.manager_->cameras();
    for (const auto& camera : cameras)
        if (fits(*camera, wanted) && (!opened.camera_ || camera->id() == wanted)) opened.camera_ = camera;
    if (!opened.camera_) return fail(no_camera(wanted, cameras));
    opened.name_ = in_words(*opened.camera_);
    if (const int error = opened.camera_->acquire(); error != 0)
        return fail(ErrorCode::io, "{}: {}", opened.name_,
                    error == -EBUSY ? std::string("another program uses it; `fuser -v /dev/media*` names it")
                                    : Error::from_errno("cannot acquire it", -error).message());
    opened.acquired_ = true;
    return opened;
}

void OpenedCamera::close() {
    if (camera_ && std::exchange(acquired_, false)) camera_->release();
    camera_.reset();
    if (manager_) manager_->stop();
    manager_.reset();
}

}  // namespace portcullis::libcamera_driver
