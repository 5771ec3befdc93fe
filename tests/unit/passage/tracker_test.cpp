#include "passage/tracker.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace portcullis;

namespace {

constexpr milliseconds frame_time{40};

PlateCandidate plate(float x, float y, float width = 100) {
    return {quad_from_box({x - width / 2, y - width / 8, x + width / 2, y + width / 8}), 0.9F};
}

/// Feeds a tracker frame by frame and keeps what comes out.
class Road {
  public:
    explicit Road(TrackerSettings settings = {}) : tracker(std::move(settings)) {}

    void frame(const std::vector<PlateCandidate>& candidates) {
        keep(tracker.update(candidates, now));
        now += frame_time;
    }
    void frames(int count, const std::vector<PlateCandidate>& candidates) {
        for (int i = 0; i < count; ++i)
            frame(candidates);
    }
    void wait(milliseconds time) {
        now += time;
        keep(tracker.update({}, now));
    }
    void end() { keep(tracker.close_all()); }

    PassageTracker tracker;
    BootTime now{std::chrono::seconds(100)};
    std::vector<Passage> closed;
    std::set<PassageId> seen;
    std::size_t flickers = 0;

  private:
    void keep(const TrackerUpdate& update) {
        for (const Sighting& sighting : update.sightings)
            seen.insert(sighting.passage.id);
        closed.insert(closed.end(), update.closed.begin(), update.closed.end());
        flickers += update.flickers.size();
    }
};

}  // namespace

TEST_CASE("a faint candidate opens no passage, but extends one that is open") {
    const auto faint = [](float x) {
        PlateCandidate candidate = plate(x, 200);
        candidate.score = 0.35F;
        return candidate;
    };
    Road road;
    road.frames(5, {faint(100)});
    CHECK(road.tracker.open() == 0);
    road.frame({plate(300, 200)});
    for (int i = 1; i <= 6; ++i)
        road.frame({faint(300 + 8.0F * static_cast<float>(i))});
    road.end();
    REQUIRE(road.closed.size() == 1);
    CHECK(road.closed[0].frames == 7);
}

TEST_CASE("a plate that moves through the picture is one passage") {
    struct Row {
        const char* what;
        float step_x;
        float step_y;
        float growth;
    };
    for (const Row& row : {Row{"slow", 3, 1, 1.0F}, Row{"fast, 1.3 plate widths a frame", 130, 20, 1.0F},
                           Row{"towards the camera", 8, 12, 1.06F}, Row{"away", -6, -9, 0.95F}}) {
        CAPTURE(std::string(row.what));
        Road road;
        float width = 80;
        for (int i = 0; i < 15; ++i) {
            road.frame({plate(500 + row.step_x * static_cast<float>(i),
                              500 + row.step_y * static_cast<float>(i), width)});
            width *= row.growth;
        }
        road.wait(std::chrono::seconds(2));
        CHECK(road.seen.size() == 1);
        REQUIRE(road.closed.size() == 1);
        CHECK(road.closed[0].frames == 15);
        CHECK(road.closed[0].last_seen - road.closed[0].first_seen == 14 * frame_time);
    }
}

TEST_CASE("the direction comes from growth, else from the way down or up the picture") {
    const auto direction = [](float step_y, float growth) {
        Road road;
        float width = 100;
        for (int i = 0; i < 12; ++i) {
            road.frame({plate(300, 500 + step_y * static_cast<float>(i), width)});
            width *= growth;
        }
        road.end();
        return road.closed.at(0).direction;
    };
    CHECK(direction(0, 1.05F) == Direction::approaching);
    CHECK(direction(0, 0.95F) == Direction::receding);
    CHECK(direction(15, 1) == Direction::approaching);
    CHECK(direction(-15, 1) == Direction::receding);
    CHECK(direction(0, 1) == Direction::unknown);
}

TEST_CASE("a plate missed in a few frames stays one passage") {
    Road road;
    for (int i = 0; i < 20; ++i) {
        if (i % 4 == 3)
            road.frame({});
        else
            road.frame({plate(100 + 30 * static_cast<float>(i), 200)});
    }
    road.end();
    CHECK(road.seen.size() == 1);
    CHECK(road.closed.at(0).frames == 15);
}

TEST_CASE("two plates side by side and two that cross stay two passages") {
    Road side;
    for (int i = 0; i < 12; ++i)
        side.frame(
            {plate(300, 300 + 20 * static_cast<float>(i)), plate(450, 300 + 20 * static_cast<float>(i))});
    side.end();
    CHECK(side.closed.size() == 2);

    Road crossing;
    for (int i = 0; i < 16; ++i)
        crossing.frame(
            {plate(100 + 40 * static_cast<float>(i), 300), plate(700 - 40 * static_cast<float>(i), 340)});
    crossing.end();
    REQUIRE(crossing.closed.size() == 2);
    CHECK(crossing.closed[0].frames == 16);
}

TEST_CASE("a second vehicle after the first is a second passage with a new id") {
    Road road;
    road.frames(5, {plate(300, 300)});
    road.wait(std::chrono::seconds(2));
    road.frames(5, {plate(300, 300)});
    road.wait(std::chrono::seconds(2));
    REQUIRE(road.closed.size() == 2);
    CHECK(road.closed[0].id != road.closed[1].id);
}

TEST_CASE("a parked car counts once, also when something hides it for a while") {
    Road road;
    road.frames(200, {plate(300, 300)});
    road.wait(std::chrono::seconds(20));  // a lorry stands before it
    road.frames(200, {plate(302, 301)});
    road.end();
    CHECK(road.seen.size() == 1);
    REQUIRE(road.closed.size() == 1);
    CHECK(road.closed[0].frames == 400);
}

TEST_CASE("a car that drives up to where another one stood is a passage of its own") {
    Road road;
    road.frames(200, {plate(300, 300)});  // stands, and leaves while nobody sees
    road.wait(std::chrono::seconds(5));
    for (int i = 0; i < 20; ++i)
        road.frame({plate(900 - 30 * static_cast<float>(i), 300)});
    road.frames(100, {plate(300, 300)});
    road.end();
    CHECK(road.seen.size() == 2);
}

TEST_CASE("the parked car's memory ends") {
    Road road;
    road.frames(200, {plate(300, 300)});
    road.wait(std::chrono::seconds(61));
    CHECK(road.closed.size() == 1);
    CHECK(road.tracker.open() == 0);
}

TEST_CASE("a flicker of one frame is no passage and is told") {
    Road road;
    road.frame({plate(300, 300)});
    road.wait(std::chrono::seconds(2));
    CHECK(road.closed.empty());
    CHECK(road.flickers == 1);
}

TEST_CASE("candidates outside the ROI do not count") {
    TrackerSettings settings;
    settings.roi = {{0, 0}, {400, 0}, {400, 400}, {0, 400}};
    Road road(settings);
    road.frames(5, {plate(300, 300), plate(700, 300)});
    road.end();
    CHECK(road.seen.size() == 1);
}

TEST_CASE("the lane is the one in which the plate was seen most") {
    TrackerSettings settings;
    settings.lanes = {{"left", {{0, 0}, {400, 0}, {400, 1000}, {0, 1000}}},
                      {"right", {{400, 0}, {800, 0}, {800, 1000}, {400, 1000}}}};
    Road road(settings);
    for (int i = 0; i < 12; ++i)
        road.frame({plate(350 + 20 * static_cast<float>(i), 300), plate(1200, 300)});
    road.end();
    REQUIRE(road.closed.size() == 2);
    CHECK(road.closed[0].lane == "right");
    CHECK(road.closed[1].lane.empty());
}

TEST_CASE("the number of open passages is bounded") {
    TrackerSettings settings;
    settings.max_open = 3;
    Road road(settings);
    std::vector<PlateCandidate> crowd;
    for (int i = 0; i < 5; ++i)
        crowd.push_back(plate(200, 100 + 200 * static_cast<float>(i)));
    road.frame(crowd);
    CHECK(road.tracker.open() == 3);
    CHECK(road.tracker.refused() == 2);
}

TEST_CASE("at the bound a passage that is out of sight makes way") {
    TrackerSettings settings;
    settings.max_open = 1;
    Road road(settings);
    road.frames(3, {plate(200, 200)});
    road.frames(3, {plate(900, 900)});
    road.end();
    CHECK(road.closed.size() == 2);
    CHECK(road.tracker.refused() == 0);
}

TEST_CASE("an id is never used again") {
    Road road;
    for (int i = 0; i < 50; ++i) {
        road.frames(2, {plate(200, 200)});
        road.wait(std::chrono::seconds(2));
    }
    CHECK(road.seen.size() == 50);
}

TEST_CASE("candidates without area are passed over") {
    Road road;
    road.frame({PlateCandidate{}, PlateCandidate{quad_from_box({5, 5, 5, 9}), 1}});
    CHECK(road.tracker.open() == 0);
}

TEST_CASE("a camera of one frame a second makes passages too") {
    Road road;
    for (int i = 0; i < 3; ++i) {  // how slow it is shows before the first plate comes
        road.frame({});
        road.now += std::chrono::milliseconds(960);
    }
    for (int i = 0; i < 5; ++i) {
        road.frame({plate(300 + 60 * static_cast<float>(i), 300)});
        road.now += std::chrono::milliseconds(960);
    }
    for (int i = 0; i < 4; ++i) {
        road.frame({});
        road.now += std::chrono::milliseconds(960);
    }
    CHECK(road.seen.size() == 1);
    CHECK(road.closed.size() == 1);
}

TEST_CASE("a pause of the camera does not make it patient") {
    Road road;
    road.frames(20, {plate(300, 300)});
    road.now += std::chrono::minutes(10);
    road.frames(3, {plate(900, 600)});
    CHECK(road.closed.size() == 1);
    road.frame({});
    CHECK(road.tracker.open() == 1);
}
