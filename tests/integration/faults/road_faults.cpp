// The road's stages: the real pipeline, toys in the place of camera, eyes and spool.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>

#include "health/service.hpp"
#include "integration/faults/fault_row.hpp"
#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "unit/pipeline/toy_road.hpp"

namespace portcullis::test {

namespace {

PipelineSettings film() {
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.gate.reset();
    return settings;
}

struct Toys {
    Eyes eyes = toy_eyes();
    ToySink sink;
    ToyCamera::Before before;
    Gate gate;
};

constexpr int settled_looks = 200;

/// A stage hangs: whom the supervisor blames when all others have come to rest, and that the road goes on
/// when the stage does.
Seen hanging(const std::function<void(Toys&)>& hang) {
    Toys toys;
    hang(toys);
    FakeClock clock;
    std::array<Heartbeat, 4> beats{{{clock, "capture", std::chrono::seconds(30)},
                                    {clock, "detect", std::chrono::seconds(30)},
                                    {clock, "read", std::chrono::seconds(30)},
                                    {clock, "commit", std::chrono::seconds(30)}}};
    Pipeline::Hooks hooks;
    hooks.pulse = {beats[0], beats[1], beats[2], beats[3]};
    Pipeline pipeline(film(), toys.eyes, toys.sink.sink(), hooks);
    Supervision supervision(clock, {&beats[0], &beats[1], &beats[2], &beats[3]});
    Seen seen;
    {
        const std::jthread run([&] {
            seen.recovered = pipeline.run(open_toy(4 * frames_a_vehicle, toys.before), {}).has_value();
        });
        toys.gate.wait_for_somebody();
        std::optional<LateStage> late;
        const auto only_one = [&] {
            return std::ranges::count_if(beats, [](const Heartbeat& beat) { return !beat.fresh(); }) == 1;
        };
        // A stage that only waits for a processor looks late too, for this clock runs ahead: the same must be
        // blamed all the while.
        for (int looks = 0; looks < settled_looks;) {
            std::this_thread::sleep_for(milliseconds(1));
            clock.advance(std::chrono::seconds(1));
            late = supervision.look();
            const bool same = late && late->hung && only_one() && late->stage == seen.said;
            looks = same ? looks + 1 : 0;
            if (late) seen.said = late->stage;
        }
        seen.state = "hung=" + late->stage;
        toys.gate.open();
    }
    seen.recovered = seen.recovered && toys.sink.texts() == "AB100 AB101 AB102 AB103 ";
    return seen;
}

/// A child whose stage never returns, under its own watchdog.
Seen ended_by_the_watchdog() {
    const LogCatcher log;
    const pid_t child = ::fork();
    if (child == 0) {
        const SystemClock clock;
        Heartbeat stage(clock, "detect", milliseconds(-10'000));  // late from its first moment
        stage.beat();
        const Watchdog watchdog(clock, {&stage});
        for (;;)
            ::pause();
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return {WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status)) : "killed", log.text(),
            true};
}

/// A film with `eyes`; the state is what was counted.
Seen with_eyes(const Eyes& eyes, const std::function<std::uint64_t(const RoadCounters&)>& counted,
               std::size_t records) {
    const LogCatcher log;
    ToySink sink;
    Pipeline pipeline(film(), eyes, sink.sink(), {});
    const auto done = pipeline.run(open_toy(2 * frames_a_vehicle), {});
    return {counted(pipeline.counters()) > 0 ? "skipped, counted" : "running", log.text(),
            done && sink.records().size() == records};
}

const char* const restarts =
    "the process ends with code 3 and is started anew; a stage that goes on is forgiven";

}  // namespace

FaultRows road_faults() {
    return {
        {"capture", Fault::hang, "the camera's library never returns", "hung=capture", "capture", restarts,
         [] {
             return hanging([](Toys& toys) {
                 toys.before = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
                     if (frame == frames_a_vehicle) toys.gate.pass();
                     return std::nullopt;
                 };
             });
         }},
        {"detect", Fault::hang, "the detector never returns", "hung=detect", "detect", restarts,
         [] {
             return hanging([](Toys& toys) {
                 toys.eyes.locate = [&, locate = toys.eyes.locate](const FrameView& view) {
                     if (number_of(view) == 3) toys.gate.pass();
                     return locate(view);
                 };
             });
         }},
        {"read", Fault::hang, "the plate reader never returns", "hung=read", "read", restarts,
         [] {
             return hanging([](Toys& toys) {
                 toys.eyes.read = [&, read = toys.eyes.read](const PlatePatch& patch) {
                     toys.gate.pass();
                     return read(patch);
                 };
             });
         }},
        {"commit", Fault::hang, "the disk never answers", "hung=commit", "commit", restarts,
         [] {
             return hanging([](Toys& toys) {
                 toys.sink.answer = [&](const CaptureRecord&) {
                     toys.gate.pass();
                     return Result<void>();
                 };
             });
         }},
        {"watchdog", Fault::kill, "a stage hangs for good, without systemd", "exit code 3",
         "stage=detect hangs", "systemd starts the unit anew: at once, then every ten minutes",
         ended_by_the_watchdog},
        {"detect", Fault::error, "the detector refuses a frame", "skipped, counted",
         "not searched: no memory", "the next frame is searched",
         [] {
             Eyes eyes = toy_eyes();
             eyes.locate = [locate =
                                eyes.locate](const FrameView& view) -> Result<std::vector<PlateCandidate>> {
                 if (number_of(view) == 2) return fail(ErrorCode::internal, "no memory");
                 return locate(view);
             };
             return with_eyes(
                 eyes, [](const RoadCounters& c) { return c.frames_failed.load(); }, 2);
         }},
        {"read", Fault::error, "no patch can be read", "skipped, counted", "a patch was not read: no memory",
         "the passage is recorded without a text",
         [] {
             Eyes eyes = toy_eyes();
             eyes.read = [](const PlatePatch&) -> Result<Reading> {
                 return fail(ErrorCode::internal, "no memory");
             };
             return with_eyes(
                 eyes, [](const RoadCounters& c) { return c.unread.load(); }, 2);
         }},
        {"capture", Fault::offline, "the source ends without one frame", "ended",
         "the film ended; not one frame came", "nothing to go on with: a live camera is waited for instead",
         [] {
             ToySink sink;
             Pipeline pipeline(film(), toy_eyes(), sink.sink(), {});
             const auto done = pipeline.run(open_toy(0), {});
             return Seen{done ? "running" : "ended", done ? "" : done.error().message(),
                         sink.finished() == 1};
         }},
    };
}

}  // namespace portcullis::test
