#include "pipeline/pipeline.hpp"

#include "base/thread.hpp"
#include "pipeline/detect_stage.hpp"
#include "pipeline/read_stage.hpp"

namespace portcullis {

namespace {

constexpr std::size_t frame_capacity = 2;
constexpr std::size_t patch_capacity = 16;
constexpr std::size_t note_capacity = 64;
constexpr std::size_t captured_capacity = 64;
constexpr std::chrono::seconds tick_every{1};

/// Wakes the supervisor once, when the last stage has ended.
class Finish {
  public:
    void set() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
    }
    [[nodiscard]] bool wait_for(milliseconds time) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, time, [this] { return done_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
};

/// Whether waiting can cure it. Settings that do not fit the camera need a person.
bool may_come(ErrorCode code) {
    return code == ErrorCode::not_found || code == ErrorCode::denied || code == ErrorCode::io ||
           code == ErrorCode::timeout;
}

struct Channels {
    explicit Channels(Overflow overflow)
        : frames(frame_capacity, overflow),
          patches(patch_capacity, overflow),
          notes(note_capacity, Overflow::block),
          captured(captured_capacity, Overflow::block) {}
    FrameChannel frames;
    PatchChannel patches;
    NoteChannel notes;
    CapturedChannel captured;
};

}  // namespace

Pipeline::Pipeline(PipelineSettings settings, Eyes eyes, RecordSink sink, Hooks hooks)
    : settings_(std::move(settings)),
      eyes_(std::move(eyes)),
      sink_(std::move(sink)),
      hooks_(std::move(hooks)) {}

Result<void> Pipeline::run(const OpenCamera& open_camera, const std::stop_token& stop) {
    auto camera = open_camera();
    if (!camera && !(settings_.camera_may_come && may_come(camera.error().code())))
        return fail(std::move(camera.error()));
    Channels channels(settings_.pressure == Pressure::drop ? Overflow::drop_oldest : Overflow::block);
    std::stop_source ending;  // stop was asked for, or the sink is gone
    const std::stop_callback forward(stop, [&] { ending.request_stop(); });
    CaptureStage capture(open_camera, camera ? std::move(*camera) : nullptr, channels.frames, counters_,
                         hooks_.wait, hooks_.pulse.capture);
    capture.date_with(hooks_.clock);
    if (!camera) capture.lose(camera.error());
    DetectStage detect(settings_, eyes_, channels.patches, channels.notes, counters_);
    detect.expect(hooks_.expected);
    detect.beat_with(hooks_.pulse.detect);
    // Unrelated pictures and films that wait for the road are never thinned out.
    if (hooks_.rate_step != nullptr && settings_.pressure == Pressure::drop) {
        capture.slow_down_by(*hooks_.rate_step);
        detect.slow_down_by(*hooks_.rate_step);
    }
    ReadStage read(settings_, eyes_, channels.patches, channels.notes, channels.captured, counters_);
    CommitStage commit(settings_, eyes_.model, sink_, channels.captured, counters_, hooks_.wait,
                       ending.get_token());
    read.beat_with(hooks_.pulse.read);
    commit.beat_with(hooks_.pulse.commit);
    Error end(ErrorCode::closed, "");
    Finish finish;

    // Each stage closes the channel behind it when it has ended, so an end walks the road like a frame.
    // Joined in reverse order of the declarations when this function leaves.
    const auto committer = start_thread("commit", [&](const std::stop_token&) {
        commit.run([&] { ending.request_stop(); });
        finish.set();
    });
    const auto reader = start_thread("read", [&](const std::stop_token&) {
        read.run();
        channels.captured.close();
    });
    const auto detector = start_thread("detect", [&](const std::stop_token&) {
        const Pulse& pulse = hooks_.pulse.detect;
        pulse.idle();
        while (const auto frame = channels.frames.receive()) {
            pulse.beat();
            detect.see(*frame);
            counters_.patches_dropped = channels.patches.dropped();
            pulse.idle();
        }
        pulse.beat();
        detect.finish();
        channels.patches.close();
        pulse.idle();
    });
    const auto capturer = start_thread("capture", [&](const std::stop_token&) {
        end = capture.run(ending.get_token());
        channels.frames.close();
        hooks_.pulse.capture.idle();
    });

    while (!finish.wait_for(tick_every))
        if (hooks_.tick) hooks_.tick(counters_);
    if (hooks_.tick) hooks_.tick(counters_);
    if (commit.fatal()) return fail(Error(*commit.fatal()).with("pipeline"));
    if (counters_.frames == 0 && !stop.stop_requested())
        return fail(ErrorCode::closed, "{}; not one frame came", end.message());
    return {};
}

std::string summary(const RoadCounters& counters) {
    return fmt::format(
        "frames={} dropped={} spared={} broken={} still={} candidates={} passages={} rejoined={} too_far={} "
        "unwanted={} withheld={} "
        "readings={} records={} unread={} abstained={} lost={}{}{}",
        counters.frames.load(), counters.frames_dropped.load(), counters.frames_spared.load(),
        counters.pictures_broken.load(), counters.frames_still.load(), counters.candidates.load(),
        counters.passages.load(), counters.passages_rejoined.load(), counters.passages_too_far.load(),
        counters.passages_unwanted.load(), counters.pictures_withheld.load(), counters.readings.load(),
        counters.records.load(), counters.unread.load(), counters.abstained.load(),
        counters.records_lost.load(), counters.camera_lost ? " degraded=camera" : "",
        counters.spool_trouble ? " degraded=spool" : "");
}

}  // namespace portcullis
