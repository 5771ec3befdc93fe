// What may be asked about crossings.
#include "core/plate_question.hpp"
#include "unit/crossing/crossing_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a question about crossings is taken as it is") {
    CrossingQuestion question = day_at_the_gate();
    question.entry.places.push_back({"gate-2", "lane \"1\""});
    CHECK(checked(question).value() == question);
    question.exit.places = {{"gate-in", ""}};
    question.entry.direction = Direction::approaching;
    question.exit.direction = Direction::receding;
    CHECK(checked(question).value() == question);
    question.entry = {{{"gate-in", "lane-1"}}, {}};
    question.exit = {{{"gate-in", "lane-2"}}, {}};
    CHECK(checked(question).value() == question);
}

TEST_CASE("bad questions about crossings are refused in words") {
    using std::chrono::seconds;
    const auto refused = [](void (*spoil)(CrossingQuestion&), const std::string& word) {
        CrossingQuestion question = day_at_the_gate();
        spoil(question);
        const auto answer = checked(std::move(question));
        CAPTURE(word);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code() == ErrorCode::invalid_argument);
        CHECK(answer.error().message().find(word) != std::string::npos);
    };
    using Question = CrossingQuestion;
    refused([](Question& q) { q.entry.places.clear(); }, "entry");
    refused([](Question& q) { q.exit.places.clear(); }, "exit");
    refused([](Question& q) { q.exit.places.resize(max_crossing_places + 1, {"gate-out", ""}); }, "exit");
    refused([](Question& q) { q.entry.places[0].device = "GATE"; }, "entry");
    refused([](Question& q) { q.entry.places[0].device = "north-*"; }, "entry");
    refused([](Question& q) { q.entry.places[0].device = "a' OR '1'='1"; }, "entry");
    refused([](Question& q) { q.exit.places[0].lane = "a\nb"; }, "exit");
    refused([](Question& q) { q.exit.places[0].lane = std::string(max_lane_bytes + 1, 'l'); }, "exit");
    refused([](Question& q) { q.exit.places.push_back(q.entry.places[0]); }, "at once");
    refused([](Question& q) { q.exit.places.push_back({"gate-in", "lane-1"}); }, "at once");
    refused([](Question& q) { q.to = q.from; }, "before");
    refused([](Question& q) { q.to = q.from - seconds(1); }, "before");
    refused([](Question& q) { q.from = UtcTime(seconds(-1)); }, "1970");
    refused([](Question& q) { q.to = UtcTime::max(); }, "9999");
    refused([](Question& q) { q.shortest = seconds(-1); }, "shortest");
    refused([](Question& q) { q.shortest = q.longest + seconds(1); }, "shortest");
    refused([](Question& q) { q.longest = seconds(0); }, "longest");
    refused([](Question& q) { q.longest = max_crossing_dwell + seconds(1); }, "31 days");
    refused([](Question& q) { q.slack = seconds(-1); }, "slack");
    refused([](Question& q) { q.slack = max_clock_slack + seconds(1); }, "slack");
}

TEST_CASE("a side holds its devices' lanes, in its direction") {
    CrossingSide side{{{"gate-1", ""}, {"gate-2", "lane-1"}}, {}};
    CHECK(side.holds("gate-1", "lane-7", Direction::unknown));
    CHECK(side.holds("gate-2", "lane-1", Direction::receding));
    CHECK_FALSE(side.holds("gate-2", "lane-2", Direction::receding));
    CHECK_FALSE(side.holds("gate-3", "lane-1", Direction::receding));
    side.direction = Direction::approaching;
    CHECK(side.holds("gate-1", "", Direction::approaching));
    CHECK_FALSE(side.holds("gate-1", "", Direction::unknown));
}
