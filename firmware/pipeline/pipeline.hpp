#pragma once
// Pipeline: the road of one camera, from frames to durable records.
//
//   capture --Channel(2)--> detect --patches Channel(16), notes Channel(64, block)--> read --Channel(64,
//   block)--> commit
//
// A live camera's full channel drops its oldest frame or patch, counted; a film played as fast as the road
// takes it waits instead (settings.hpp, Pressure). Notes on passages are never dropped: under load a passage
// loses patches, not its record. Failures are states: a lost camera is opened again with back-off, a spool in
// trouble holds the road. The stages run in threads of their own; run() is for the supervising thread.

#include <functional>
#include <memory>
#include <string>

#include "pipeline/capture_stage.hpp"
#include "pipeline/commit_stage.hpp"
#include "pipeline/eyes.hpp"
#include "pipeline/road.hpp"
#include "pipeline/settings.hpp"
#include "ports/camera.hpp"

namespace portcullis {

struct RoadPulse {
    Pulse capture;
    Pulse detect;
    Pulse read;
    Pulse commit;
};

class Pipeline {
  public:
    struct Hooks {
        /// About once a second, in the supervising thread.
        std::function<void(const RoadCounters&)> tick;
        /// Each stage's proof of progress, for the supervisor. They outlive the run.
        RoadPulse pulse;
        /// How far the rate is lowered (rate.hpp); null: full rate. Outlives the run.
        const std::atomic<int>* rate_step = nullptr;
        /// For each frame, in the detect thread: whether a vehicle may be in it (Roadside). Empty: always.
        std::function<bool(const Frame&)> expected;
        /// For each frame, in the capture thread: what UTC is worth just now. Empty: what its source says.
        std::function<ClockState()> clock;
        Wait wait = wait_really;
    };

    Pipeline(PipelineSettings settings, Eyes eyes, RecordSink sink, Hooks hooks);

    /// Walks the road until the source ends or stop is asked for, then drains: every passage that is open is
    /// closed and committed. Errors: the camera's when it cannot be opened at first (settings.camera_may_come
    /// waits for one that is away); closed when the source
    /// gave not one frame; the sink's when it is gone.
    [[nodiscard]] Result<void> run(const OpenCamera& open_camera, const std::stop_token& stop);

    [[nodiscard]] const RoadCounters& counters() const { return counters_; }

  private:
    PipelineSettings settings_;
    Eyes eyes_;
    RecordSink sink_;
    Hooks hooks_;
    RoadCounters counters_;
};

/// "frames=120 passages=3 records=3": for status lines and the log.
[[nodiscard]] std::string summary(const RoadCounters& counters);

}  // namespace portcullis
