#pragma once
// LiveCamera: the Camera port over any FrameSource: what v4l2 and libcamera have in common. Pictures that can
// be read in place (nv12, yuv420, grey, bgr24) are lent without a copy while enough buffers stay in the
// camera's ring, else copied, so that a slow road never starves the camera. Thread-bound; frames may be let
// go in any thread, and may outlive the camera.

#include <atomic>
#include <memory>

#include "drivers/camera/common/frame_clock.hpp"
#include "drivers/camera/common/frame_pool.hpp"
#include "drivers/camera/common/frame_source.hpp"
#include "drivers/camera/common/mjpeg_decoder.hpp"
#include "ports/camera.hpp"

namespace portcullis {

inline constexpr std::size_t least_buffers_in_ring = 2;  // one is being filled, one is next
inline constexpr int max_broken_in_a_row = 60;           // then the camera is opened again

class LiveCamera final : public Camera {
  public:
    /// source is streaming. clock outlives the camera.
    [[nodiscard]] static Result<std::unique_ptr<LiveCamera>> create(
        std::shared_ptr<camera::FrameSource> source, const LiveCameraSettings& settings, const Clock& clock);
    ~LiveCamera() override;
    LiveCamera(const LiveCamera&) = delete;
    LiveCamera& operator=(const LiveCamera&) = delete;

    [[nodiscard]] std::string name() const override { return source_->name(); }
    /// As the port says. corrupt: one picture came broken. io: the camera is gone, was silent for
    /// settings.stall, or sent max_broken_in_a_row broken pictures.
    [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override;

    /// Frames that were copied although they could have been lent: the road is slow.
    [[nodiscard]] std::uint64_t copied() const { return copied_; }

  private:
    LiveCamera(std::shared_ptr<camera::FrameSource> source, const LiveCameraSettings& settings,
               const Clock& clock, camera::MjpegDecoder decoder);
    Result<Frame> take(const camera::RawPicture& picture);
    Result<camera::DecodedPicture> pixels_of(const camera::RawPicture& picture,
                                             std::shared_ptr<const void> loan);
    [[nodiscard]] std::shared_ptr<const void> lend(const camera::RawPicture& picture);
    Failure broken(const Error& error);
    [[nodiscard]] std::uint64_t number_of(std::uint32_t sequence);
    [[nodiscard]] BootTime time_of(const camera::RawPicture& picture, BootTime now);

    std::shared_ptr<camera::FrameSource> source_;
    milliseconds stall_;
    const Clock& clock_;
    camera::MjpegDecoder decoder_;
    camera::FramePool pool_;
    camera::FrameClock frame_clock_;
    std::shared_ptr<std::atomic<std::size_t>> lent_;
    BootTime last_sign_;  // of life
    std::optional<std::uint32_t> last_sequence_;
    std::uint64_t number_ = 0;
    std::uint64_t copied_ = 0;
    int broken_in_a_row_ = 0;
    bool doubt_told_ = false;
};

}  // namespace portcullis
