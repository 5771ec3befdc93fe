#include "pipeline/detect_stage.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "pipeline/pipeline.hpp"
#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

// Toy frames look all alike and come every 40 ms: only max_still and open passages make the stage search.
constexpr std::uint64_t frames_a_search = 25;  // of max_still, 1 s

const std::vector<PlateCandidate> a_plate = {{quad_from_box({100, 150, 200, 175}), 0.9F}};

/// A detect stage alone, with what it sends kept.
class Bench {
  public:
    using Scene = std::function<std::vector<PlateCandidate>(std::uint64_t frame)>;

    explicit Bench(Scene scene, PipelineSettings settings = {})
        : settings_(std::move(settings)), eyes_(toy_eyes(std::move(scene))) {
        settings_.media.overview = OverviewPolicy::none;
        eyes_.locate = [this, locate = eyes_.locate](const FrameView& view) {
            searched_.push_back(number_of(view));
            return answer ? answer(view) : locate(view);
        };
        stage_.emplace(settings_, eyes_, patches_, notes_, counters_);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench() = default;

    std::function<Result<std::vector<PlateCandidate>>(const FrameView&)> answer;  // in the scene's place

    void expect(std::function<bool(const Frame&)> expected) { stage_->expect(std::move(expected)); }
    void slow_down_by(const std::atomic<int>& step) { stage_->slow_down_by(step); }

    /// Shows frames up to, not with, end.
    void show_until(std::uint64_t end) {
        for (; next_ < end; ++next_) {
            stage_->see(toy_frame(next_));
            while (auto note = notes_.receive_for(milliseconds(0)))
                if (note->kind == NoteKind::closed) closed_.push_back({next_, note->passage});
        }
    }

    struct Closed {
        std::uint64_t at;  // frame
        Passage passage;
    };
    [[nodiscard]] const std::vector<std::uint64_t>& searched() const { return searched_; }
    [[nodiscard]] const std::vector<Closed>& closed() const { return closed_; }
    [[nodiscard]] const RoadCounters& counters() const { return counters_; }

  private:
    PipelineSettings settings_;
    Eyes eyes_;
    PatchChannel patches_{16, Overflow::drop_oldest};
    NoteChannel notes_{64, Overflow::block};
    RoadCounters counters_;
    std::optional<DetectStage> stage_;
    std::uint64_t next_ = 0;
    std::vector<std::uint64_t> searched_;
    std::vector<Closed> closed_;
};

std::vector<PlateCandidate> empty_road(std::uint64_t) {
    return {};
}

Bench::Scene plate_in(std::uint64_t first, std::uint64_t end) {
    return [=](std::uint64_t frame) {
        return frame >= first && frame < end ? a_plate : std::vector<PlateCandidate>();
    };
}

}  // namespace

TEST_CASE("an empty road is searched once in max_still, and the frames that are spared are counted") {
    Bench bench(empty_road);
    bench.show_until(100);
    CHECK(bench.searched() == std::vector<std::uint64_t>{0, 25, 50, 75});
    CHECK(bench.counters().frames_still == 96);
    CHECK(summary(bench.counters()).find(" still=96 ") != std::string::npos);
}

TEST_CASE("max_still is what the settings say") {
    PipelineSettings settings;
    settings.gate->max_still = milliseconds(200);
    Bench bench(empty_road, settings);
    bench.show_until(20);
    CHECK(bench.searched() == std::vector<std::uint64_t>{0, 5, 10, 15});
}

TEST_CASE("a plate that came unnoticed is found within max_still, then every frame is searched") {
    Bench bench(plate_in(10, 60));
    bench.show_until(60);
    REQUIRE(bench.searched().size() == 1 + 60 - frames_a_search);
    CHECK(bench.searched()[1] == frames_a_search);
    CHECK(bench.counters().candidates == 60 - frames_a_search);
}

TEST_CASE("an open passage is never spared: it closes as it does without the gate, whole and once") {
    PipelineSettings without;
    without.gate.reset();
    Bench gated(plate_in(0, 40));
    Bench every(plate_in(0, 40), without);
    for (Bench* bench : {&gated, &every})
        bench->show_until(200);
    REQUIRE(gated.closed().size() == 1);
    REQUIRE(every.closed().size() == 1);
    CHECK(gated.closed()[0].at == every.closed()[0].at);
    CHECK(gated.closed()[0].passage.frames == 40);
    CHECK(gated.closed()[0].passage.last_seen == every.closed()[0].passage.last_seen);
    CHECK(gated.counters().frames_still > 100);
    CHECK(every.counters().frames_still == 0);
}

TEST_CASE("a parked car is one passage, hidden for a while and seen again, and each frame is searched") {
    const auto hidden_between = [](std::uint64_t frame) {
        return frame >= 200 && frame < 600 ? std::vector<PlateCandidate>() : a_plate;
    };
    Bench bench(hidden_between);
    bench.show_until(1000);
    CHECK(bench.closed().empty());
    CHECK(bench.counters().frames_still == 0);
    CHECK(bench.searched().size() == 1000);
}

TEST_CASE("a road that was long still teaches the tracker no slower camera") {
    Bench bench(plate_in(100, 102));
    bench.show_until(200);
    REQUIRE(bench.closed().size() == 1);
    // close_after is 800 ms, 20 frames; a camera of 1 frame/s would have been given longer.
    CHECK(bench.closed()[0].at <= 101 + 21);
}

TEST_CASE("unrelated pictures are all searched, however much they look alike") {
    PipelineSettings settings;
    settings.stills = true;
    Bench bench(empty_road, settings);
    bench.show_until(50);
    CHECK(bench.searched().size() == 50);
    CHECK(bench.counters().frames_still == 0);
}

TEST_CASE("a frame that the detector refused is not taken for a searched one") {
    Bench bench(empty_road);
    bench.answer = [](const FrameView&) -> Result<std::vector<PlateCandidate>> {
        return fail(ErrorCode::internal, "no");
    };
    bench.show_until(10);
    CHECK(bench.searched().size() == 10);
    CHECK(bench.counters().frames_still == 0);
    CHECK(bench.counters().frames_failed == 10);
}

TEST_CASE("a frame in which no vehicle is expected is not searched, save while a passage is open") {
    PipelineSettings settings;
    settings.gate.reset();
    Bench bench([](std::uint64_t frame) { return frame < 10 ? a_plate : std::vector<PlateCandidate>(); },
                settings);
    bench.expect([](const Frame& frame) { return frame.number >= 5 && frame.number < 7; });
    bench.show_until(5);
    CHECK(bench.searched().empty());
    CHECK(bench.counters().frames_still == 5);
    bench.show_until(10);
    CHECK(bench.searched().size() == 5);  // the passage that began in the window is followed to its end
    bench.show_until(200);
    CHECK(bench.closed().size() == 1);
    CHECK(bench.searched().size() < 100);
}

TEST_CASE("under strain a new passage gets no more patches than the first ones") {
    // A plate that grows: each look is better than the one before, and worth a patch.
    const auto growing = [](std::uint64_t frame) -> std::vector<PlateCandidate> {
        const auto step = static_cast<float>(frame);
        return {{quad_from_box({100, 150, 140 + 8 * step, 160 + 2 * step}), 0.5F + 0.02F * step}};
    };
    std::vector<std::uint64_t> patches;
    for (const int step : {0, 1, 2, 3}) {
        PipelineSettings settings;
        settings.gate.reset();
        settings.budget = {1, 8};
        Bench bench(growing, settings);
        const std::atomic<int> rate = step;
        bench.slow_down_by(rate);
        bench.show_until(12);
        patches.push_back(bench.counters().patches);
    }
    CHECK(patches[1] == patches[0]);
    CHECK(patches[2] < patches[0]);
    CHECK(patches[3] == patches[2]);
}
