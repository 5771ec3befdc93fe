// Which passages are taken for one vehicle's, and which are not.
#include "unit/crossing/crossing_bench.hpp"

#include <algorithm>

#include "core/reading.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("equal texts are one vehicle, with its dwell, whatever the order in which they come") {
    Gate gate{.in = {{600, "CD34EFG"}, {480, "AB12CDE"}}, .out = {{490, "AB12CDE"}, {700.5, "CD34EFG"}}};
    const Crossings found = gate.find();
    REQUIRE(found.matched.size() == 2);
    CHECK(found.matched[0] == Crossing{1, 0, std::chrono::minutes(10), 0});
    CHECK(found.matched[1] == Crossing{0, 1, std::chrono::seconds(100 * 60 + 30), 0});
    CHECK(found.entries.empty());
    CHECK(found.exits.empty());
}

TEST_CASE("a plate read one way in and another out is one vehicle: look-alikes, and one error") {
    for (const auto& [in, out, distance] :
         std::vector<std::tuple<std::string, std::string, int>>{{"B0S18XY", "BOSI8XY", 2},
                                                                {"AB12CDE", "A812CDE", 1},
                                                                {"AB12CDE", "AB12CDF", 4},
                                                                {"AB12CDE", "B12CDE", 4},
                                                                {"AB12CDE", "AB12CXDE", 4},
                                                                {"AB12CDE", "A8I2CDF", 6}}) {
        CAPTURE(out);
        const Gate gate{.in = {{480, in}}, .out = {{490, out}}};
        const Crossings found = gate.find();
        REQUIRE(found.matched.size() == 1);
        CHECK(found.matched[0].distance == distance);
        CHECK(found.matched[0].dwell == std::chrono::minutes(10));
    }
}

TEST_CASE("two errors, and one in a short text, are no match") {
    for (const auto& [in, out] : std::vector<std::pair<std::string, std::string>>{
             {"AB12CDE", "AB12CXY"}, {"AB12CDE", "AB12C"}, {"AB12", "AB1"}, {"AB12", "AB13"}, {"A", "B"}}) {
        CAPTURE(out);
        const Gate gate{.in = {{480, in}}, .out = {{490, out}}};
        CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
    }
    // Look-alikes alone are few letters' affair as well.
    const Gate gate{.in = {{480, "B1"}}, .out = {{490, "8I"}}};
    CHECK(gate.told() == Told{"0-0"});
}

TEST_CASE("the equal text is taken before one that is only alike") {
    const Gate gate{.in = {{480, "AB12CDE"}, {481, "A812CDE"}}, .out = {{485, "A812CDE"}, {490, "AB12CDE"}}};
    CHECK(gate.told() == Told{"0-1", "1-0"});
}

TEST_CASE("two cars alike: where either may be it, none is taken, and all are told as ambiguous") {
    const Gate one_left{.in = {{480, "AB12CDE"}, {481, "AB12CDG"}}, .out = {{490, "AB12CDF"}}};
    CHECK(one_left.told() == Told{"in 0 ambiguous", "in 1 ambiguous", "out 0 ambiguous"});
    const Gate one_came{.in = {{480, "AB12CDE"}}, .out = {{490, "AB12CDF"}, {495, "AB12CDG"}}};
    CHECK(one_came.told() == Told{"in 0 ambiguous", "out 0 ambiguous", "out 1 ambiguous"});
    // A look-alike is so much nearer than another letter that there is no doubt.
    const Gate clear{.in = {{480, "AB12CDE"}, {481, "AB12CDG"}}, .out = {{490, "A812CDE"}}};
    CHECK(clear.told() == Told{"0-0", "in 1 ambiguous"});
}

TEST_CASE("two vehicles with one text inside at once are ambiguous") {
    const Gate gate{.in = {{480, "AB12CDE"}, {500, "AB12CDE"}}, .out = {{520, "AB12CDE"}, {540, "AB12CDE"}}};
    CHECK(gate.told() == Told{"in 0 ambiguous", "in 1 ambiguous", "out 0 ambiguous", "out 1 ambiguous"});
    // Too long ago to be inside still: the first entry's exit was missed.
    Gate missed = gate;
    missed.question.longest = std::chrono::minutes(30);
    CHECK(missed.told() == Told{"1-0", "in 0 alone", "out 1 alone"});
}

TEST_CASE("a car that enters twice leaves once: the exit belongs to the later entry") {
    const Gate twice{.in = {{480, "AB12CDE"}, {600, "AB12CDE"}}, .out = {{700, "AB12CDE"}}};
    CHECK(twice.told() == Told{"1-0", "in 0 alone"});
    // Nor is what left after its second entry an answer to the first.
    const Gate alike{.in = {{480, "AB12CDE"}, {600, "AB12CDE"}}, .out = {{700, "AB12CDE"}, {710, "A812CDE"}}};
    CHECK(alike.told() == Told{"1-0", "in 0 alone", "out 1 alone"});
    const Gate two_exits{.in = {{480, "AB12CDE"}}, .out = {{500, "AB12CDE"}, {600, "AB12CDE"}}};
    CHECK(two_exits.told() == Told{"0-0", "out 1 alone"});
}

TEST_CASE("a car that comes and goes all day has a crossing each time") {
    const Gate gate{.in = {{480, "AB12CDE"}, {600, "AB12CDE"}, {720, "A812CDE"}},
                    .out = {{500, "AB12CDE"}, {620, "AB12CDF"}, {740, "AB12CDE"}}};
    CHECK(gate.told() == Told{"0-0", "1-1", "2-2"});
}

TEST_CASE("two stays whose inner passages were misread are not taken for one long one") {
    Gate gate{.in = {{480, "AB12CDE"}, {600, "AB12CDF"}}, .out = {{500, "A812CDE"}, {700, "AB12CDE"}}};
    CHECK(gate.told() == Told{"0-0", "1-1"});
    // Without one of the two the long stay stands: the other may be anybody's.
    gate.in.pop_back();
    CHECK(gate.told() == Told{"0-1", "out 0 alone"});
    gate.in.push_back({490, "AB12CDF"});  // before that exit: no second stay of the same vehicle
    CHECK(gate.told() == Told{"0-1", "1-0"});
}

TEST_CASE("an exit before its entry is none, but for what two clocks may differ by") {
    Gate gate{.in = {{480, "AB12CDE"}}, .out = {{470, "AB12CDE"}}};
    CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
    gate.out[0].text = "A812CDE";
    CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
    for (const char* text : {"AB12CDE", "A812CDE"}) {
        gate.out[0] = {480 - 1.5 / 60, text};
        CHECK(gate.told() == Told{"0-0"});
        CHECK(gate.find().matched[0].dwell == std::chrono::milliseconds(-1500));
        gate.out[0].at = 480 - 2.5 / 60;
        CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
    }
}

TEST_CASE("who stayed for too short or too long was not one vehicle") {
    for (const char* text : {"AB12CDE", "A812CDE"}) {
        Gate gate{.in = {{0, "AB12CDE"}}, .out = {{12 * 60, text}}};
        CHECK(gate.told() == Told{"0-0"});
        gate.out[0].at = 12 * 60 + 1;
        CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
        gate.question.shortest = std::chrono::minutes(5);
        gate.out[0].at = 4;
        CHECK(gate.told() == Told{"in 0 alone", "out 0 alone"});
        gate.out[0].at = 5;
        CHECK(gate.told() == Told{"0-0"});
    }
}

TEST_CASE("unread plates never match") {
    const Gate gate{.in = {{480, ""}, {481, "A"}}, .out = {{490, ""}}};
    CHECK(gate.told() == Told{"in 0 unread", "in 1 alone", "out 0 unread"});
}

TEST_CASE("what may have its other half outside of the window is told apart") {
    Gate gate{.in = {{0, "AB12CDE"}, {13 * 60, "CD34EFG"}, {13 * 60, ""}},
              .out = {{11 * 60, "EF56GHI"}, {13 * 60, "GH78IJK"}}};
    gate.question.from = minute(0);
    gate.question.to = minute(24 * 60);
    CHECK(gate.told() == Told{"in 0 alone", "in 1 edge", "in 2 unread", "out 0 edge", "out 1 alone"});
}

TEST_CASE("nobody and nothing") {
    CHECK(Gate{}.told().empty());
    CHECK(Gate{.in = {{1, "AB12CDE"}}}.told() == Told{"in 0 alone"});
    CHECK(Gate{.out = {{1, "AB12CDE"}}}.told() == Told{"out 0 alone"});
}

TEST_CASE("attack: a flood of texts alike is ambiguous, and costs no walk of each with each") {
    Gate gate{.in = {{480, "AB12CD"}, {481, "ZZ99ZZZ"}}, .out = {{490, "ZZ99ZZY"}}};
    for (std::size_t i = 0; i <= max_texts_around; ++i)
        gate.out.push_back({490, std::string("AB12CD") + alphabet_at(i)});
    const Crossings found = gate.find();
    REQUIRE(found.matched.size() == 1);
    CHECK(found.matched[0].entry == 1);
    REQUIRE(found.entries.size() == 1);
    CHECK(found.entries[0].why == Unmatched::ambiguous);
    REQUIRE(found.exits.size() == max_texts_around + 1);
    for (const LoneSighting& exit : found.exits)
        CHECK(exit.why == Unmatched::ambiguous);
    // Ten thousand of one text, and as many that are alike.
    Gate full;
    for (int i = 0; i < 10'000; ++i) {
        full.in.push_back({480 + i / 1000.0, "BBBBBBBB"});
        full.out.push_back({490 + i / 1000.0, "88888888"});
    }
    CHECK(full.find().matched.empty());
}

TEST_CASE("median and 90th centile of the dwells") {
    CHECK(summary_of({}) == DwellSummary{});
    std::vector<Crossing> crossings;
    for (int i = 10; i >= 1; --i)
        crossings.push_back({0, 0, std::chrono::minutes(i), 0});
    CHECK(summary_of(crossings) == DwellSummary{std::chrono::minutes(5), std::chrono::minutes(9)});
    crossings.resize(1);
    CHECK(summary_of(crossings) == DwellSummary{std::chrono::minutes(10), std::chrono::minutes(10)});
}
