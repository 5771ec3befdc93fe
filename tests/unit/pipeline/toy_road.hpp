#pragma once
// A road made of numbers: vehicles drive past a toy camera, toy eyes find and read them. The frame's number
// stands in its first bytes, the vehicle's in the patch's first.

#include <condition_variable>
#include <mutex>

#include "pipeline/pipeline.hpp"

namespace portcullis::test {

inline constexpr std::uint64_t frames_shown = 8;   // of each vehicle
inline constexpr std::uint64_t frames_empty = 30;  // 1.2 s at 25 frames/s: longer than close_after
inline constexpr std::uint64_t frames_a_vehicle = frames_shown + frames_empty;
inline constexpr int toy_width = 640;
inline constexpr int toy_height = 360;

[[nodiscard]] Frame toy_frame(std::uint64_t number);
[[nodiscard]] std::uint64_t number_of(const FrameView& view);
/// "AB100" for vehicle 0, "AB101" for vehicle 1 ...
[[nodiscard]] std::string toy_text(std::uint64_t vehicle);
[[nodiscard]] Reading toy_reading(std::string_view text, float confidence = 0.9F);

/// One plate that moves through the picture in the first frames_shown frames of each vehicle.
[[nodiscard]] std::vector<PlateCandidate> drive_past(std::uint64_t frame);

/// locate -> drive_past (or `scene`), rectify -> a patch that knows its vehicle, read -> toy_text.
[[nodiscard]] Eyes toy_eyes(
    std::function<std::vector<PlateCandidate>(std::uint64_t frame)> scene = drive_past);

/// Gives frames 0 .. count-1, then closed. `before` may wait, fail or stop before each frame.
class ToyCamera final : public Camera {
  public:
    using Before = std::function<std::optional<Error>(std::uint64_t frame, const std::stop_token& stop)>;
    explicit ToyCamera(std::uint64_t count, Before before = {}) : count_(count), before_(std::move(before)) {}
    [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override;

  private:
    std::uint64_t count_;
    Before before_;
    std::uint64_t at_ = 0;
};

[[nodiscard]] OpenCamera open_toy(std::uint64_t count, ToyCamera::Before before = {});

/// Keeps records; `answer` decides what the sink says to each attempt.
class ToySink {
  public:
    std::function<Result<void>(const CaptureRecord&)> answer = [](const CaptureRecord&) {
        return Result<void>();
    };
    [[nodiscard]] RecordSink sink();
    [[nodiscard]] std::vector<CaptureRecord> records() const;
    [[nodiscard]] std::string texts() const;  // "AB100 AB101 "
    [[nodiscard]] int finished() const { return finished_; }
    void wait_for_records(std::size_t count) const;

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<CaptureRecord> records_;
    std::atomic<int> finished_ = 0;
};

/// Waits that take no time.
inline void no_wait(milliseconds, const std::stop_token&) {}

}  // namespace portcullis::test
