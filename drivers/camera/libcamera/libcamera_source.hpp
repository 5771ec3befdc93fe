#pragma once
// LibcameraSource: one stream of one camera, as FrameSource says. A request is queued again the moment the
// last reader of its buffer lets go. libcamera completes requests in a thread of its own.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "drivers/camera/common/frame_source.hpp"
#include "drivers/camera/libcamera/device_nodes.hpp"
#include "drivers/camera/libcamera/mapped_buffer.hpp"
#include "drivers/camera/libcamera/opened_camera.hpp"

namespace portcullis::libcamera_driver {

class LibcameraSource final : public camera::FrameSource {
  public:
    /// Configures, maps and starts. Errors as choose_format, layout_of and control_list say; io.
    [[nodiscard]] static Result<std::shared_ptr<LibcameraSource>> start(OpenedCamera opened,
                                                                        const LiveCameraSettings& settings);
    ~LibcameraSource() override { stop(); }
    LibcameraSource(const LibcameraSource&) = delete;
    LibcameraSource& operator=(const LibcameraSource&) = delete;

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] const camera::PictureLayout& layout() const override { return layout_; }
    [[nodiscard]] std::size_t buffers() const override { return buffers_.size(); }
    [[nodiscard]] Result<std::optional<camera::RawPicture>> wait(milliseconds patience) override;
    void give_back(std::size_t buffer) override;
    void stop() override;

  private:
    explicit LibcameraSource(OpenedCamera opened) : opened_(std::move(opened)), name_(opened_.name()) {}
    Result<void> configure(const LiveCameraSettings& settings);
    Result<void> make_requests();
    Result<void> begin(const libcamera::ControlList& controls);
    void complete(libcamera::Request* request);
    void lose();
    [[nodiscard]] int queue(libcamera::Request& request);
    [[nodiscard]] bool all_came_back();
    void end_stream();
    [[nodiscard]] bool lost();
    [[nodiscard]] libcamera::Request* next_done(milliseconds patience);
    [[nodiscard]] camera::RawPicture picture_of(const libcamera::Request& request) const;

    OpenedCamera opened_;
    std::string name_;
    camera::PictureLayout layout_;
    std::unique_ptr<libcamera::CameraConfiguration> configuration_;
    libcamera::Stream* stream_ = nullptr;
    std::unique_ptr<libcamera::FrameBufferAllocator> allocator_;
    std::vector<MappedBuffer> buffers_;
    std::vector<std::unique_ptr<libcamera::Request>> requests_;  // of the same numbers
    DeviceNodes nodes_;

    std::mutex queueing_;  // of running_, held while a request is queued
    bool running_ = false;

    std::mutex mutex_;  // of what libcamera's thread leaves here
    std::condition_variable changed_;
    std::deque<libcamera::Request*> done_;
    std::size_t away_ = 0;  // requests that libcamera has
    bool lost_ = false;
};

}  // namespace portcullis::libcamera_driver
