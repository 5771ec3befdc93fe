// Drawn traffic through detect and read, held against the truth. PORTCULLIS_ROUNDS says how many seeds.
#include <doctest/doctest.h>

#include "support/road_walk.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr double seconds_a_seed = 60;

RoadRules road(std::string_view name) {
    for (const RoadRules& rules : all_roads())
        if (rules.name == name) return rules;
    FAIL("no such road");
    return {};
}

PassageFigures walk(const RoadRules& rules) {
    PassageFigures figures;
    const auto seeds = static_cast<std::uint64_t>(rounds_or(1));
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        figures += walk_road(rules, seed, seconds_a_seed);
    return figures;
}

}  // namespace

TEST_CASE(
    "drawn traffic: nearly all vehicles are captured, once, with their own picture, and votes beat frames") {
    PassageFigures all;
    for (const RoadRules& rules : all_roads()) {
        CAPTURE(rules.name);
        const PassageFigures figures = walk(rules);
        CAPTURE(figures.vehicles);
        CHECK(figures.captured + 1 + figures.vehicles / 200 >= figures.vehicles);
        CHECK(figures.wrong_pictures == 0);
        // Of a seed's few vehicles one may be better read in one lucky frame.
        CHECK(figures.voted_right + 2 >= figures.best_right);
        CHECK(figures.voted_right + 2 >= figures.surest_right);
        all += figures;
    }
    CHECK(all.vehicles > 500);
    CHECK(all.capture_percent() >= 99.5);
    CHECK(all.voted_right > all.best_right);
    CHECK(all.voted_right > all.surest_right);
    CHECK(all.duplicates <= 1 + all.records / 500);
}

TEST_CASE("drawn traffic: the same seed gives the same road and the same figures") {
    const PassageFigures once = walk_road(road("rain"), 11, 30);
    const PassageFigures again = walk_road(road("rain"), 11, 30);
    CHECK(once.records == again.records);
    CHECK(once.voted_right == again.voted_right);
    CHECK(walk_road(road("rain"), 12, 30).records != once.records);
}

TEST_CASE("drawn traffic: a tracker that pairs greedily is not better") {
    PipelineSettings greedy = walk_settings();
    greedy.tracker.assigning = Assigning::greedy;
    const RoadRules rules = road("shaking pole");
    const PassageFigures together = walk_road(rules, 1, 60);
    const PassageFigures nearest = walk_road(rules, 1, 60, greedy);
    CHECK(together.captured >= nearest.captured);
    CHECK(together.mixed <= nearest.mixed);
}

TEST_CASE("drawn traffic: half of the patience tears passages apart where plates are lost for 10 frames") {
    // The figures above can fail: what they measure hangs on the tracker.
    PipelineSettings hasty = walk_settings();
    hasty.tracker.close_after = milliseconds(300);
    hasty.tracker.parked_memory = milliseconds(300);
    hasty.tracker.rejoin_within = milliseconds(300);
    CHECK(walk_road(road("10 frames lost"), 1, 120, hasty).duplicates > 3);
}
