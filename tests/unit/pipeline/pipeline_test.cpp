#include "pipeline/pipeline.hpp"

#include <doctest/doctest.h>

#include <future>
#include <thread>

#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

PipelineSettings waiting() {
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.firmware = "0.1.0";
    settings.gate.reset();  // toy frames look all alike
    return settings;
}

Result<void> walk(Pipeline& pipeline, const OpenCamera& camera, const std::stop_token& stop = {}) {
    return pipeline.run(camera, stop);
}

}  // namespace

TEST_CASE("ten passages in, ten records out, each with its read, its time and its pictures") {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(10 * frames_a_vehicle)));
    CHECK(sink.texts() == "AB100 AB101 AB102 AB103 AB104 AB105 AB106 AB107 AB108 AB109 ");
    for (const CaptureRecord& record : sink.records()) {
        CHECK(record.passage.frames == frames_shown);
        CHECK(record.read.readings >= 3);
        CHECK(record.firmware == "0.1.0");
        CHECK(record.model == "0123abcd");
        CHECK(record.clock.quality == ClockQuality::ntp);
        CHECK(record.captured.time_since_epoch() >= milliseconds(1'750'000'000'000));
        REQUIRE(record.media.size() == 2);
        CHECK(record.media[0].role == MediaRole::plate);
        CHECK(record.media[0].jpeg.size() > 100);
        CHECK(record.media[1].role == MediaRole::overview);
    }
    CHECK(sink.finished() == 1);
    CHECK(pipeline.counters().frames == 10 * frames_a_vehicle);
    CHECK(pipeline.counters().records == 10);
    CHECK(pipeline.counters().frames_dropped == 0);
    CHECK(pipeline.counters().patches_dropped == 0);
}

TEST_CASE("a passage that is open when the source ends is recorded") {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle + 4)));
    CHECK(sink.texts() == "AB100 AB101 ");
}

TEST_CASE("a stop drains: what was seen is recorded, and run returns") {
    ToySink sink;
    std::stop_source stop;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    const auto stop_in_passage = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
        if (frame == 2 * frames_a_vehicle + 5) stop.request_stop();
        return std::nullopt;
    };
    REQUIRE(walk(pipeline, open_toy(1'000'000, stop_in_passage), stop.get_token()));
    CHECK(sink.texts() == "AB100 AB101 AB102 ");
    CHECK(sink.finished() == 1);
}

TEST_CASE("a stop before the first frame is no failure") {
    ToySink sink;
    std::stop_source stop;
    stop.request_stop();
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    CHECK(walk(pipeline, open_toy(100), stop.get_token()));
}

TEST_CASE("a source without one frame is a failure that says why") {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    const auto done = walk(pipeline, open_toy(0));
    REQUIRE_FALSE(done);
    CHECK(done.error().message() == "the film ended; not one frame came");
}

TEST_CASE("a camera that cannot be opened at first is a failure") {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    const auto done = walk(pipeline, []() -> Result<std::unique_ptr<Camera>> {
        return fail(ErrorCode::not_found, "no camera");
    });
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == ErrorCode::not_found);
}

TEST_CASE("a passage without a readable text is recorded as unread") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return Reading{}; };
    Pipeline pipeline(waiting(), eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    REQUIRE(sink.records().size() == 1);
    CHECK(sink.records()[0].read.characters.empty());
    CHECK(sink.records()[0].media[0].role == MediaRole::plate);
    CHECK(pipeline.counters().unread == 1);
    CHECK(pipeline.counters().abstained == 0);
}

TEST_CASE(
    "a vote below min_confidence is recorded as unread: its plate picture, and no letter of the guess") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.3F); };
    PipelineSettings settings = waiting();
    settings.min_confidence = 0.999F;
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    REQUIRE(sink.records().size() == 1);
    const CaptureRecord record = sink.records()[0];
    CHECK(record.read.characters.empty());
    CHECK(record.read.confidence == 0);
    CHECK(record.read.readings >= 3);
    REQUIRE_FALSE(record.media.empty());
    CHECK(record.media[0].role == MediaRole::plate);
    CHECK(pipeline.counters().unread == 1);
    CHECK(pipeline.counters().abstained == 1);
}

TEST_CASE("a vote is settled before it is judged and published, and its raw text goes along") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.read = [](const PlatePatch&) -> Result<Reading> {
        Reading reading = toy_reading("AB123", 0.3F);
        reading.look = {{"gb", 1.0F}};
        return reading;
    };
    eyes.settle = [](Read voted, std::span<const Jurisdiction> look) {
        voted.characters[0].letter = '4';
        voted.confidence = 1;
        voted.jurisdiction = look[0];
        return voted;
    };
    PipelineSettings settings = waiting();
    settings.min_confidence = 0.999F;
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    REQUIRE(sink.records().size() == 1);
    const Read read = sink.records()[0].read;
    CHECK(text_of(read.characters) == "4B123");
    CHECK(read.raw == "AB123");
    CHECK(read.jurisdiction.code == "gb");
    CHECK(pipeline.counters().abstained == 0);
}

TEST_CASE("without min_confidence every text is published, however unsure") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.01F); };
    Pipeline pipeline(waiting(), eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    CHECK(sink.texts() == "AB123 ");
    CHECK(pipeline.counters().abstained == 0);
}

TEST_CASE("a car at a barrier whose vote is good but below min_confidence is not reported before its end") {
    ToySink sink;
    const auto standing = [](std::uint64_t) -> std::vector<PlateCandidate> {
        return {{quad_from_box({100, 150, 200, 175}), 0.9F}};
    };
    Eyes eyes = toy_eyes(standing);
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.6F); };
    PipelineSettings settings = waiting();
    settings.good_vote = 0.1F;
    settings.min_confidence = 1.0F;
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(1000)));
    REQUIRE(sink.records().size() == 1);
    const Passage passage = sink.records()[0].passage;
    CHECK(passage.last_seen - passage.first_seen >= settings.decide_latest);  // not decide_after
    CHECK(pipeline.counters().abstained == 1);
}

TEST_CASE("a plate that comes nearer is not decided on before it is wide, and one that goes or stands is") {
    struct Row {
        const char* what;
        float growth;  // of the plate's width, px a frame
        bool early;
    };
    for (const Row& row :
         {Row{"comes nearer", 0.2F, false}, Row{"stands", 0, true}, Row{"goes", -0.1F, true}}) {
        CAPTURE(row.what);
        ToySink sink;
        Eyes eyes = toy_eyes([&row](std::uint64_t frame) -> std::vector<PlateCandidate> {
            const float width = 60 + row.growth * static_cast<float>(frame);
            return {{quad_from_box({100, 150, 100 + width, 150 + width / 4}), 0.9F}};
        });
        eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.99F); };
        PipelineSettings settings = waiting();
        settings.decide_from_px = 80;
        Pipeline pipeline(settings, eyes, sink.sink(), {});
        REQUIRE(walk(pipeline, open_toy(200)));
        REQUIRE(sink.records().size() == 1);
        const Passage passage = sink.records()[0].passage;
        const auto age = passage.last_seen - passage.first_seen;
        CHECK((age < settings.decide_after + milliseconds(500)) == row.early);
    }
}

TEST_CASE("two looks, however sure, end no wait: a third one may come nearer") {
    for (const int looks : {2, 3}) {
        CAPTURE(looks);
        ToySink sink;
        Eyes eyes = toy_eyes([](std::uint64_t) -> std::vector<PlateCandidate> {
            return {{quad_from_box({100, 150, 200, 175}), 0.9F}};
        });
        int left = looks;
        eyes.read = [&](const PlatePatch&) -> Result<Reading> {
            return left-- > 0 ? toy_reading("AB123", 0.99F) : Reading{};
        };
        PipelineSettings settings = waiting();
        Pipeline pipeline(settings, eyes, sink.sink(), {});
        REQUIRE(walk(pipeline, open_toy(1000)));
        REQUIRE(sink.records().size() == 1);
        const Passage passage = sink.records()[0].passage;
        const bool waited = passage.last_seen - passage.first_seen >= settings.decide_latest;
        CHECK(waited == (looks < 3));
    }
}

namespace {

/// Three vehicles, while UTC jumps by `jump` at the frame `at`.
std::vector<CaptureRecord> drive_while_utc_jumps(std::uint64_t at, microseconds jump) {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    class Camera final : public portcullis::Camera {
      public:
        Camera(std::uint64_t at, microseconds jump) : at_(at), jump_(jump) {}
        [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override {
            Frame frame = TRY(toy_.next(stop));
            if (frame.number >= at_) frame.utc += jump_;
            return frame;
        }

      private:
        std::uint64_t at_;
        microseconds jump_;
        ToyCamera toy_{3 * frames_a_vehicle};
    };
    const OpenCamera open = [&]() -> Result<std::unique_ptr<portcullis::Camera>> {
        return std::make_unique<Camera>(at, jump);
    };
    REQUIRE(walk(pipeline, open));
    return sink.records();
}

}  // namespace

TEST_CASE("a jump of UTC by years, either way, at any frame, reorders, closes and merges nothing") {
    const std::vector<CaptureRecord> quiet = drive_while_utc_jumps(0, microseconds{0});
    REQUIRE(quiet.size() == 3);
    for (const auto jump : {std::chrono::hours(24 * 365 * 30), -std::chrono::hours(24 * 365 * 50),
                            std::chrono::hours(1), -std::chrono::hours(1)})
        for (std::uint64_t at = 0; at < 2 * frames_a_vehicle; at += 3) {
            const std::vector<CaptureRecord> records = drive_while_utc_jumps(at, jump);
            REQUIRE(records.size() == quiet.size());
            for (std::size_t i = 0; i < records.size(); ++i) {
                CHECK(text_of(records[i].read.characters) == text_of(quiet[i].read.characters));
                CHECK(records[i].passage.id == quiet[i].passage.id);
                CHECK(records[i].passage.first_seen == quiet[i].passage.first_seen);
                CHECK(records[i].passage.last_seen == quiet[i].passage.last_seen);
                CHECK(records[i].passage.frames == quiet[i].passage.frames);
                CHECK(records[i].captured_since_boot == quiet[i].captured_since_boot);
                const bool after = records[i].captured != quiet[i].captured;
                CHECK(records[i].captured - quiet[i].captured ==
                      (after ? microseconds(jump) : microseconds{0}));
            }
        }
}

TEST_CASE("each record says what its own frame's UTC was worth, not what the clock has become since") {
    ToySink sink;
    Pipeline::Hooks hooks;
    std::uint64_t frame = 0;  // the capture thread's
    hooks.clock = [&]() -> ClockState {
        if (frame++ < frames_a_vehicle) return {ClockQuality::ntp, {}, milliseconds(4)};
        return {ClockQuality::holdover, std::chrono::seconds(60), milliseconds(34)};
    };
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), hooks);
    REQUIRE(walk(pipeline, open_toy(2 * frames_a_vehicle)));
    const auto records = sink.records();
    REQUIRE(records.size() == 2);
    CHECK(records[0].clock == ClockState{ClockQuality::ntp, {}, milliseconds(4)});
    CHECK(records[1].clock == ClockState{ClockQuality::holdover, std::chrono::seconds(60), milliseconds(34)});
}

TEST_CASE("broken pictures are counted and passed over") {
    ToySink sink;
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), {});
    int broken = 0;
    const auto every_fifth_broken = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
        if (frame % 5 == 0 && broken <= static_cast<int>(frame / 5)) {
            ++broken;
            return Error(ErrorCode::corrupt, "x.jpg: damaged");
        }
        return std::nullopt;
    };
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle, every_fifth_broken)));
    CHECK(pipeline.counters().pictures_broken == 8);
    CHECK(sink.texts() == "AB100 ");
}

TEST_CASE("a lost camera is opened again") {
    ToySink sink;
    Pipeline::Hooks hooks;
    int waits = 0;
    hooks.wait = [&](milliseconds, const std::stop_token&) { ++waits; };
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), hooks);
    int opened = 0;
    const OpenCamera flaky = [&]() -> Result<std::unique_ptr<Camera>> {
        ++opened;
        if (opened == 2 || opened == 3) return fail(ErrorCode::io, "still away");
        const bool first = opened == 1;
        return std::make_unique<ToyCamera>(
            frames_a_vehicle, [first](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
                if (first && frame == 20) return Error(ErrorCode::io, "unplugged");
                return std::nullopt;
            });
    };
    REQUIRE(walk(pipeline, flaky));
    CHECK(opened == 4);
    CHECK(waits == 3);
    CHECK_FALSE(pipeline.counters().camera_lost);
}

TEST_CASE("a live camera that is away at the start is waited for, settings that do not fit it are not") {
    ToySink sink;
    PipelineSettings settings = waiting();
    int opened = 0;
    const OpenCamera late = [&]() -> Result<std::unique_ptr<Camera>> {
        if (++opened < 4)
            return fail(opened == 2 ? ErrorCode::denied : ErrorCode::not_found, "no camera is there");
        return std::make_unique<ToyCamera>(
            frames_a_vehicle,
            [](std::uint64_t, const std::stop_token&) -> std::optional<Error> { return std::nullopt; });
    };
    Pipeline::Hooks hooks;
    hooks.wait = [](milliseconds, const std::stop_token&) {};
    Pipeline films(settings, toy_eyes(), sink.sink(), hooks);
    CHECK(walk(films, late).error().code() ==
          ErrorCode::not_found);  // a film that is not there will not come
    settings.camera_may_come = true;
    opened = 0;
    Pipeline live(settings, toy_eyes(), sink.sink(), hooks);
    REQUIRE(walk(live, late));
    CHECK(opened == 4);
    CHECK(sink.texts() == "AB100 ");
    const OpenCamera unfit = []() -> Result<std::unique_ptr<Camera>> {
        return fail(ErrorCode::configuration, "camera.gain: 900 is outside");
    };
    CHECK(walk(live, unfit).error().code() == ErrorCode::configuration);
}

TEST_CASE("the watchdog sees a beat every five seconds while a lost camera is waited for") {
    ToySink sink;
    FakeClock clock;
    Heartbeat capture(clock, "capture", std::chrono::seconds(30));
    PipelineSettings settings = waiting();
    settings.camera_may_come = true;
    Pipeline::Hooks hooks;
    microseconds longest{};
    hooks.wait = [&](milliseconds time, const std::stop_token&) {
        clock.advance(time);
        longest = std::max(longest, capture.age());
    };
    hooks.pulse.capture = capture;
    int opened = 0;
    std::stop_source stop;
    const OpenCamera never = [&]() -> Result<std::unique_ptr<Camera>> {
        if (++opened == 9) stop.request_stop();
        return fail(ErrorCode::not_found, "no camera is there");
    };
    Pipeline live(settings, toy_eyes(), sink.sink(), hooks);
    static_cast<void>(live.run(never, stop.get_token()));
    CHECK(opened == 9);
    CHECK(longest == std::chrono::seconds(5));
    clock.advance(std::chrono::hours(1));
    CHECK(capture.fresh());  // it has ended
}

TEST_CASE("frames that the detector refuses are counted, the others go on") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.locate = [locate = eyes.locate](const FrameView& view) -> Result<std::vector<PlateCandidate>> {
        if (number_of(view) % 3 == 0) return fail(ErrorCode::internal, "no");
        return locate(view);
    };
    Pipeline pipeline(waiting(), eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    CHECK(pipeline.counters().frames_failed == 13);
    CHECK(sink.texts() == "AB100 ");
}

TEST_CASE("a car that waits at a barrier is reported while it is still there, and once") {
    ToySink sink;
    const auto standing = [](std::uint64_t) -> std::vector<PlateCandidate> {
        return {{quad_from_box({100, 150, 200, 175}), 0.9F}};
    };
    PipelineSettings settings = waiting();
    settings.good_vote = 0.5F;
    Pipeline pipeline(settings, toy_eyes(standing), sink.sink(), {});
    const auto wait_for_record = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
        if (frame == 100) sink.wait_for_records(1);  // 4 s of film: hangs, and fails, if it is not reported
        return std::nullopt;
    };
    REQUIRE(walk(pipeline, open_toy(1000, wait_for_record)));
    CHECK(sink.records().size() == 1);
}

TEST_CASE("a parked car with an unreadable plate is reported once, as it stands") {
    ToySink sink;
    const auto standing = [](std::uint64_t) -> std::vector<PlateCandidate> {
        return {{quad_from_box({100, 150, 200, 175}), 0.9F}};
    };
    Eyes eyes = toy_eyes(standing);
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return Reading{}; };
    Pipeline pipeline(waiting(), eyes, sink.sink(), {});
    const auto wait_for_record = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
        if (frame == 400) sink.wait_for_records(1);  // 16 s of film: longer than decide_latest
        return std::nullopt;
    };
    REQUIRE(walk(pipeline, open_toy(1000, wait_for_record)));
    CHECK(sink.records().size() == 1);
}

TEST_CASE("a live road under load drops patches, never a passage") {
    ToySink sink;
    // The camera waits for the detector, the first reading waits for the camera's end: every patch of nine
    // vehicles finds the reader busy.
    std::promise<void> film_over;
    const auto over = film_over.get_future().share();
    std::mutex mutex;
    std::condition_variable located;
    std::uint64_t seen = 0;
    Eyes eyes = toy_eyes();
    eyes.locate = [&, locate = eyes.locate](const FrameView& view) {
        auto candidates = locate(view);
        const std::lock_guard lock(mutex);
        ++seen;
        located.notify_all();
        return candidates;
    };
    eyes.read = [over, read = eyes.read](const PlatePatch& patch) {
        over.wait();
        return read(patch);
    };
    constexpr std::uint64_t film = 9 * frames_a_vehicle;
    const auto in_step = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
        std::unique_lock lock(mutex);
        located.wait(lock, [&] { return seen == frame; });
        if (frame == film) film_over.set_value();
        return std::nullopt;
    };
    PipelineSettings settings = waiting();
    settings.pressure = Pressure::drop;
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(film, in_step)));
    CHECK(sink.records().size() == 9);
    CHECK(pipeline.counters().patches_dropped > 0);
    CHECK(pipeline.counters().frames_dropped == 0);
    CHECK(sink.records().back().passage.frames == frames_shown);
}

TEST_CASE("stills: every candidate of every picture is a record of its own") {
    ToySink sink;
    PipelineSettings settings = waiting();
    settings.stills = true;
    const auto two_plates = [](std::uint64_t) -> std::vector<PlateCandidate> {
        return {{quad_from_box({100, 150, 200, 175}), 0.9F}, {quad_from_box({300, 150, 400, 175}), 0.8F}};
    };
    Pipeline pipeline(settings, toy_eyes(two_plates), sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(5)));
    CHECK(sink.records().size() == 10);
}

TEST_CASE("a settled vote spares further patches") {
    ToySink sink;
    Eyes eyes = toy_eyes();
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.999F); };
    PipelineSettings settings = waiting();
    settings.budget = {8, 8};
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    CHECK(pipeline.counters().patches == 8);
    CHECK(pipeline.counters().readings == 3);
    CHECK(pipeline.counters().patches_spared == 5);
}

TEST_CASE("a look much better than those that settled a vote is heard") {
    ToySink sink;
    Eyes eyes = toy_eyes([](std::uint64_t frame) -> std::vector<PlateCandidate> {
        if (frame >= frames_shown) return {};
        const float width = 60 + 20 * static_cast<float>(frame);
        return {{quad_from_box({200, 150, 200 + width, 175}), 0.9F}};
    });
    eyes.read = [](const PlatePatch&) -> Result<Reading> { return toy_reading("AB123", 0.999F); };
    PipelineSettings settings = waiting();
    settings.budget = {8, 8};
    Pipeline pipeline(settings, eyes, sink.sink(), {});
    REQUIRE(walk(pipeline, open_toy(frames_a_vehicle)));
    CHECK(pipeline.counters().patches == 8);
    CHECK(pipeline.counters().readings == 5);  // of 60, 80 and 100 px, and of 140 and 180
    CHECK(pipeline.counters().patches_spared == 3);
}

namespace {

/// Heartbeats of all four stages.
struct Beats {
    FakeClock clock;
    Heartbeat capture{clock, "capture", std::chrono::seconds(30)};
    Heartbeat detect{clock, "detect", std::chrono::seconds(30)};
    Heartbeat read{clock, "read", std::chrono::seconds(30)};
    Heartbeat commit{clock, "commit", std::chrono::seconds(30)};

    [[nodiscard]] RoadPulse pulse() { return {capture, detect, read, commit}; }
    /// Who is late an hour after everything stood still, as the watchdog sees it.
    std::string late() {
        clock.advance(std::chrono::hours(1));
        std::string stages;
        for (const Heartbeat* beat : {&capture, &detect, &read, &commit})
            if (!beat->fresh()) stages += beat->stage() + " ";
        return stages;
    }
};

/// Which stages are late while `hang` holds one of them, and only after its neighbours have run dry or full.
std::string late_while(const std::function<void(Eyes&, ToySink&, ToyCamera::Before&, Gate&)>& hang) {
    ToySink sink;
    Beats beats;
    Gate gate;
    Eyes eyes = toy_eyes();
    ToyCamera::Before before;
    hang(eyes, sink, before, gate);
    Pipeline::Hooks hooks;
    hooks.pulse = beats.pulse();
    Pipeline pipeline(waiting(), eyes, sink.sink(), hooks);
    std::string late;
    std::jthread run([&] { static_cast<void>(walk(pipeline, open_toy(4 * frames_a_vehicle, before))); });
    gate.wait_for_somebody();
    // The others come to rest in their own time: each is late only until it waits for the one that hangs.
    do {
        late = beats.late();
        std::this_thread::yield();
    } while (late.find(' ') != late.rfind(' '));
    gate.open();
    return late;
}

}  // namespace

TEST_CASE(
    "of a road that stands still the watchdog blames the stage that hangs, not those that wait for it") {
    CHECK(late_while([](Eyes&, ToySink&, ToyCamera::Before& before, Gate& gate) {
              before = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
                  if (frame == 2 * frames_a_vehicle) gate.pass();
                  return std::nullopt;
              };
          }) == "capture ");
    CHECK(late_while([](Eyes& eyes, ToySink&, ToyCamera::Before&, Gate& gate) {
              eyes.locate = [&, locate = eyes.locate](const FrameView& view) {
                  if (number_of(view) == 3) gate.pass();
                  return locate(view);
              };
          }) == "detect ");
    CHECK(late_while([](Eyes& eyes, ToySink&, ToyCamera::Before&, Gate& gate) {
              eyes.read = [&, read = eyes.read](const PlatePatch& patch) {
                  gate.pass();
                  return read(patch);
              };
          }) == "read ");
    CHECK(late_while([](Eyes&, ToySink& sink, ToyCamera::Before&, Gate& gate) {
              sink.answer = [&](const CaptureRecord&) {
                  gate.pass();
                  return Result<void>();
              };
          }) == "commit ");
}

TEST_CASE("a road at its end is late nowhere") {
    ToySink sink;
    Beats beats;
    Pipeline::Hooks hooks;
    int ticks = 0;
    hooks.pulse = beats.pulse();
    hooks.tick = [&](const RoadCounters&) { ++ticks; };
    Pipeline pipeline(waiting(), toy_eyes(), sink.sink(), hooks);
    REQUIRE(walk(pipeline, open_toy(10)));
    CHECK(ticks >= 1);
    CHECK(beats.late().empty());
}

TEST_CASE("at a lower rate frames go back unseen, counted, and passages are still recorded") {
    struct Row {
        int step;
        std::uint64_t every;
    };
    for (const Row row : {Row{0, 1}, Row{1, 2}, Row{2, 4}, Row{3, 8}, Row{99, 8}}) {
        ToySink sink;
        const std::atomic<int> step = row.step;
        PipelineSettings settings = waiting();
        settings.pressure = Pressure::drop;
        settings.tracker.min_frames = 1;
        std::mutex mutex;
        std::condition_variable changed;
        std::uint64_t seen = 0;
        Eyes eyes = toy_eyes();
        eyes.locate = [&, locate = eyes.locate](const FrameView& view) {
            auto candidates = locate(view);
            const std::lock_guard lock(mutex);
            ++seen;
            changed.notify_all();
            return candidates;
        };
        const RoadCounters* counters = nullptr;
        // The camera waits until each frame that was not spared was seen, and the patches before it were
        // read: nothing is dropped for being late.
        const auto in_step = [&](std::uint64_t frame, const std::stop_token&) -> std::optional<Error> {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return seen == (frame + row.every - 1) / row.every; });
            while (counters->readings + counters->patches_spared < counters->patches)
                std::this_thread::yield();
            return std::nullopt;
        };
        Pipeline::Hooks hooks;
        hooks.rate_step = &step;
        Pipeline pipeline(settings, eyes, sink.sink(), hooks);
        counters = &pipeline.counters();
        constexpr std::uint64_t film = 6 * 4 * frames_a_vehicle / 3;
        REQUIRE(walk(pipeline, open_toy(film, in_step)));
        CHECK(pipeline.counters().frames == film);
        CHECK(pipeline.counters().frames_spared == film - (film + row.every - 1) / row.every);
        CHECK(pipeline.counters().frames_dropped == 0);
        CHECK(sink.records().size() == 8);
    }
}

TEST_CASE("a film that waits for the road is never thinned out") {
    ToySink sink;
    const std::atomic<int> step = 3;
    Pipeline::Hooks hooks;
    hooks.rate_step = &step;
    Pipeline film(waiting(), toy_eyes(), sink.sink(), hooks);
    REQUIRE(walk(film, open_toy(2 * frames_a_vehicle)));
    CHECK(film.counters().frames_spared == 0);
    CHECK(sink.records().size() == 2);
}
