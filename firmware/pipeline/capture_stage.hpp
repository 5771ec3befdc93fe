#pragma once
// CaptureStage: takes frames from the camera; a lost camera is opened again with back-off, a broken picture
// is told and passed over. Thread-bound: the capture thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "health/heartbeat.hpp"
#include "pipeline/commit_stage.hpp"
#include "pipeline/road.hpp"
#include "ports/camera.hpp"

namespace portcullis {

using OpenCamera = std::function<Result<std::unique_ptr<Camera>>()>;

class CaptureStage {
  public:
    /// References outlive the stage. camera: null when it was not there. pulse beats for each frame and each
    /// attempt to reopen.
    CaptureStage(OpenCamera open, std::unique_ptr<Camera> camera, FrameChannel& frames,
                 RoadCounters& counters, Wait wait, Pulse pulse);

    /// What UTC is worth, asked for each frame; without it a frame keeps what its source says. Before run().
    void date_with(std::function<ClockState()> clock) { clock_state_ = std::move(clock); }
    /// The rate step, read for each frame: below full rate frames go back to the camera unseen, counted. Not
    /// for sources that wait for the road. Before run().
    void slow_down_by(const std::atomic<int>& step) { step_ = &step; }
    /// Until the source ends or stop is asked for. Gives why the source ended.
    [[nodiscard]] Error run(const std::stop_token& stop);
    /// There is no camera for now: told once, and run() opens it.
    void lose(const Error& error);

  private:
    [[nodiscard]] bool spares();
    [[nodiscard]] bool hand_on(Frame frame, const std::stop_token& stop);
    void pass_over(const Error& error);
    void pause(const std::stop_token& stop);
    void reopen(const std::stop_token& stop);

    OpenCamera open_;
    std::unique_ptr<Camera> camera_;
    FrameChannel& frames_;
    RoadCounters& counters_;
    Wait wait_;
    Pulse pulse_;
    const std::atomic<int>* step_ = nullptr;
    std::uint64_t taken_ = 0;
    std::function<ClockState()> clock_state_;
    milliseconds pause_;
    std::string told_;  // why it is still away
};

}  // namespace portcullis
