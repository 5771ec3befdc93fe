#include "apps/portcullis/replay_passages.hpp"

#include "apps/portcullis/replay_output.hpp"
#include "apps/portcullis/replay_progress.hpp"
#include "drivers/camera/replay/replay_camera.hpp"
#include "pipeline/model_eyes.hpp"
#include "pipeline/pipeline.hpp"

namespace portcullis {

namespace {

/// Stands still at zero, so that sensor times are places in the film.
class FilmClock final : public Clock {
  public:
    [[nodiscard]] UtcTime utc() const override { return SystemClock().utc(); }
    [[nodiscard]] BootTime since_boot() const override { return BootTime(); }
};

std::string describe(const CaptureRecord& record) {
    const auto at = [](BootTime time) {
        return std::chrono::duration<double>(time.time_since_epoch()).count();
    };
    return fmt::format("{:8.2f} s - {:8.2f} s  {:<12} {:3} frames  {}", at(record.passage.first_seen),
                       at(record.passage.last_seen), to_string(record.passage.direction),
                       record.passage.frames, readable(record.read));
}

RecordSink sink_to(ReplayOutput& output, const std::string& film) {
    RecordSink sink;
    sink.record = [&output, film](const CaptureRecord& record) -> Result<void> {
        if (!output.active()) {
            fmt::print("{}\n", describe(record));
            return {};
        }
        const auto written = output.write(passage_line(film, record));
        // A full disk is no reason to wait here, as the reader would: the user is told and tries again.
        if (!written) return fail(ErrorCode::closed, "{}", written.error().message());
        return {};
    };
    return sink;
}

Result<ReplayOutcome> play(const std::string& film, const ReplayOptions& options, ReplayOutput& output) {
    const FilmClock clock;
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.media.plate = false;
    settings.media.overview = OverviewPolicy::none;
    ReplayProgress progress(0, "frames of " + film);
    Pipeline::Hooks hooks;
    hooks.tick = [&](const RoadCounters& counters) { progress.show(counters.frames); };
    Pipeline pipeline(settings, TRY(load_eyes(options.models)), sink_to(output, film), hooks);
    const OpenCamera open = [&]() -> Result<std::unique_ptr<Camera>> {
        ReplaySettings replay;
        replay.source = film;
        replay.pace = ReplayPace::as_fast;
        replay.frames_per_second = options.pictures_per_second;
        replay.recurse = options.recurse;
        return TRY(ReplayCamera::create(std::move(replay), clock));
    };
    const auto done = pipeline.run(open, {});
    const RoadCounters& counters = pipeline.counters();
    // Broken pictures were told one by one; that there was nothing else is for the command to say.
    if (!done && counters.pictures_broken == 0) return fail(done.error());
    progress.tell(fmt::format("{}: {} frames, {} broken, {} passages, {} unread, {} readings", film,
                              counters.frames, counters.pictures_broken, counters.records, counters.unread,
                              counters.readings));
    return ReplayOutcome{counters.frames + counters.pictures_broken, counters.pictures_broken};
}

}  // namespace

Result<ReplayOutcome> replay_passages(const ReplayOptions& options) {
    ReplayOutput output = TRY(ReplayOutput::create(options.predictions));
    ReplayOutcome all;
    for (const std::string& film : options.paths) {
        const ReplayOutcome one = TRY(play(film, options, output));
        all.looked_at += one.looked_at;
        all.broken += one.broken;
    }
    TRY(output.finish());
    return all;
}

}  // namespace portcullis
