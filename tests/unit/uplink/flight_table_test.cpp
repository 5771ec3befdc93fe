#include "uplink/flight_table.hpp"

#include <doctest/doctest.h>

using namespace portcullis;
using std::chrono::seconds;

namespace {
constexpr BootTime start{seconds(1000)};
const ResendPace pace{.after = seconds(30), .limit = seconds(100), .held = seconds(60), .at_once = 2};
}  // namespace

TEST_CASE(
    "items and bytes are counted from publishing to receipt, the window from publishing to the broker's "
    "word") {
    FlightTable flights(pace);
    flights.clear(start);
    flights.sent(1, 1, 100, 11);
    flights.sent(2, 2, 50, 12);
    CHECK(flights.waiting_items() == 2);
    CHECK(flights.waiting_bytes() == 150);
    CHECK(flights.accepted(11, start) == 1);
    CHECK(flights.waiting_items() == 1);
    CHECK(flights.waiting_bytes() == 50);
    CHECK(flights.items() == 2);
    flights.received(1, start);
    CHECK(flights.items() == 1);
    CHECK(flights.bytes() == 50);
    flights.received(2, start);
    CHECK(flights.waiting_items() == 0);
    CHECK(flights.waiting_bytes() == 0);
    CHECK(flights.bytes() == 0);
}

TEST_CASE("a token that is not waiting is nobody's") {
    FlightTable flights(pace);
    flights.sent(1, 1, 100, 11);
    CHECK_FALSE(flights.accepted(99, start));
    CHECK(flights.accepted(11, start));
    CHECK_FALSE(flights.accepted(11, start));
    CHECK_FALSE(flights.lost(11));
    CHECK_FALSE(flights.held(11, start));
}

TEST_CASE("without a receipt an item is due after its time, then after twice that, up to the limit") {
    FlightTable flights(pace);
    flights.clear(start);
    BootTime at = start;
    std::uint64_t token = 1;
    for (const int wait : {30, 60, 100, 100}) {
        flights.sent(1, 1, 100, ++token);
        CHECK_FALSE(flights.due(at + seconds(1000)));  // waiting for the broker
        REQUIRE(flights.accepted(token, at));
        CHECK_FALSE(flights.due(at + seconds(wait - 1)));
        CHECK(flights.due(at + seconds(wait)) == 1);
        at += seconds(wait);
    }
}

TEST_CASE("only the oldest are due, however many wait for a receipt") {
    FlightTable flights(pace);
    flights.clear(start);
    for (Seq seq = 1; seq <= 5; ++seq) {
        flights.sent(seq, seq, 10, seq);
        REQUIRE(flights.accepted(seq, start));
    }
    const BootTime later = start + seconds(30);
    REQUIRE(flights.due(later) == 1);
    flights.sent(1, 1, 10, 101);
    REQUIRE(flights.due(later) == 2);
    flights.sent(2, 2, 10, 102);
    CHECK_FALSE(flights.due(later));
}

TEST_CASE(
    "while receipts come nothing is due, but after one for what was sent again the next need not wait") {
    FlightTable flights(pace);
    flights.clear(start);
    for (Seq seq = 1; seq <= 4; ++seq) {
        flights.sent(seq, seq, 10, seq);
        REQUIRE(flights.accepted(seq, start));
    }
    flights.received(1, start + seconds(29));
    CHECK_FALSE(flights.due(start + seconds(58)));
    REQUIRE(flights.due(start + seconds(59)) == 2);
    flights.sent(2, 2, 10, 102);
    flights.received(2, start + seconds(60));
    CHECK(flights.due(start + seconds(60)) == 3);
}

TEST_CASE("what the broker refused is due after the pause for it") {
    FlightTable flights(pace);
    flights.clear(start);
    flights.sent(1, 1, 10, 1);
    CHECK(flights.held(1, start) == 1);
    CHECK_FALSE(flights.due(start + seconds(59)));
    CHECK(flights.due(start + seconds(60)) == 1);
}

TEST_CASE("a row that stands for several takes the place of their flights") {
    FlightTable flights(pace);
    for (Seq seq = 1; seq <= 4; ++seq)
        flights.sent(seq, seq, 10, seq);
    flights.sent(2, 4, 500, 9);
    CHECK(flights.items() == 2);
    CHECK(flights.bytes() == 510);
    CHECK(flights.waiting_items() == 2);
    CHECK(flights.has(4));
    CHECK_FALSE(flights.has(3));
    CHECK(flights.lost(9) == 2);
    CHECK(flights.items() == 1);
}

TEST_CASE("a table that is joined brings its flights, and its accepted ones wait anew for a receipt") {
    FlightTable flights(pace);
    FlightTable later(ResendPace{.after = std::chrono::hours(1000), .limit = std::chrono::hours(1000)});
    flights.clear(start);
    later.clear(start);
    flights.sent(1, 1, 10, 1);
    later.sent(7, 7, 20, 2);
    later.sent(8, 8, 30, 3);
    REQUIRE(later.accepted(2, start));
    CHECK(later.oldest_waiting() == 8);
    const BootTime met = start + seconds(500);
    flights.join(std::move(later), met);
    CHECK(flights.items() == 3);
    CHECK(flights.bytes() == 60);
    CHECK(flights.waiting_items() == 2);
    CHECK(flights.waiting_bytes() == 40);
    CHECK(flights.oldest_waiting() == 1);
    flights.received(1, met);
    CHECK_FALSE(flights.due(met + seconds(29)));
    CHECK(flights.due(met + seconds(30)) == 7);
    CHECK(flights.accepted(3, met) == 8);
    CHECK(flights.waiting_items() == 0);
}
