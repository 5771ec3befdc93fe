#pragma once
// OpenedCamera: libcamera's manager and one acquired camera, let go in the order that libcamera wants. A
// process can have one at a time, for libcamera allows one manager. Thread-bound.

#include <memory>
#include <string>

#include "base/result.hpp"
#include "drivers/camera/libcamera/differences.hpp"

namespace portcullis::libcamera_driver {

class OpenedCamera {
  public:
    /// wanted: the camera's id, or a part of its id or model; empty: the first. Errors: not_found (lists
    /// those there are), denied (permissions), io (busy).
    [[nodiscard]] static Result<OpenedCamera> open(const std::string& wanted);
    OpenedCamera(OpenedCamera&&) noexcept = default;
    OpenedCamera& operator=(OpenedCamera&&) = delete;
    OpenedCamera(const OpenedCamera&) = delete;
    OpenedCamera& operator=(const OpenedCamera&) = delete;
    ~OpenedCamera() { close(); }
    void close();

    [[nodiscard]] libcamera::Camera& camera() const { return *camera_; }
    [[nodiscard]] const std::shared_ptr<libcamera::Camera>& shared() const { return camera_; }
    /// "Plate Camera (\\_SB_...)".
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    OpenedCamera() = default;

    std::unique_ptr<libcamera::CameraManager> manager_;
    std::shared_ptr<libcamera::Camera> camera_;
    std::string name_;
    bool acquired_ = false;
};

}  // namespace portcullis::libcamera_driver
