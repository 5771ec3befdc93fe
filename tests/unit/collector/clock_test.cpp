// No clock of a device, however wrong, costs a record: it is accepted on its place in the chain, with the
// doubt in its verdict.
#include <doctest/doctest.h>

#include "collector/ingest/ledger.hpp"
#include "collector/opener/clock_doubt.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr hours year{8766};

struct Row {
    const char* name;
    microseconds off;
    ClockQuality quality;
    ClockDoubt before_first_receipt;
    ClockDoubt later;
};

const Row rows[] = {
    {"right", hours(0), ClockQuality::ntp, ClockDoubt::none, ClockDoubt::none},
    {"1970", -now.time_since_epoch() + seconds(40), ClockQuality::rtc, ClockDoubt::unset, ClockDoubt::unset},
    {"no RTC", -now.time_since_epoch(), ClockQuality::none, ClockDoubt::unset, ClockDoubt::unset},
    {"right by chance, never set", hours(0), ClockQuality::none, ClockDoubt::unset, ClockDoubt::unset},
    {"2010", -16 * year, ClockQuality::rtc, ClockDoubt::unset, ClockDoubt::unset},
    {"2040", 14 * year, ClockQuality::rtc, ClockDoubt::after_receipt, ClockDoubt::after_receipt},
    {"an hour ahead", hours(1), ClockQuality::ntp, ClockDoubt::after_receipt, ClockDoubt::after_receipt},
    {"an hour behind", hours(-1), ClockQuality::ntp, ClockDoubt::none, ClockDoubt::before_receipt},
    {"two seconds behind", seconds(-2), ClockQuality::ntp, ClockDoubt::none, ClockDoubt::none},
};

ClockDoubt doubt(CollectorBench& bench, const TestDevice& device, Seq seq) {
    const auto verdict = bench.verdict(device, seq);
    REQUIRE(verdict);
    CHECK(verdict->good());
    return verdict->clock;
}

}  // namespace

TEST_CASE("a device's clock may say anything: all its records are taken, flagged, and receipted") {
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CollectorBench bench;
        TestDevice device(bench.road);
        device.clock_quality = row.quality;
        device.clock = bench.clock.utc() + row.off;
        bench.deliver(device.messages(device.seal()));
        bench.deliver(device.message(device.checkpoint()));
        const auto views = bench.judge_all();
        REQUIRE(views.size() == 1);
        CHECK(views[0].text == "AB12CDE");
        CHECK(views[0].verdict.clock == row.before_first_receipt);
        CHECK(doubt(bench, device, 1) == row.before_first_receipt);
        REQUIRE(bench.receipt());
        device.last_receipt = sha256(bench.receipt_blob);
        bench.clock.advance(hours(24 * 7));  // a week without a network: its own clock goes on
        device.clock += hours(24 * 7);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        // After a week an hour more or less is within the sandwich; a step right after a receipt is not.
        if (row.off == hours(-1)) CHECK(doubt(bench, device, 5) == ClockDoubt::none);
        CHECK(bench.receipt()->link == device.head.link);
        device.last_receipt = sha256(bench.receipt_blob);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        CHECK(doubt(bench, device, 8) == row.later);
        CHECK(bench.ingest->counters().refused == 0);
        CHECK(bench.ingest->counters().judged_doubtful == 0);
        CHECK(bench.receipt()->link == device.head.link);
    }
}

TEST_CASE(
    "a clock that steps while the device is at work is flagged from there on, and no longer when it is set") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto read_with = [&](microseconds off) {
        device.clock = bench.clock.utc() + off;
        const Seq seq = device.head.next_seq;
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        REQUIRE(bench.receipt());
        device.last_receipt = sha256(bench.receipt_blob);
        bench.clock.advance(seconds(60));
        return doubt(bench, device, seq);
    };
    CHECK(read_with(hours(0)) == ClockDoubt::none);
    CHECK(read_with(hours(1)) == ClockDoubt::after_receipt);
    CHECK(read_with(hours(-1)) == ClockDoubt::before_receipt);
    CHECK(read_with(hours(0)) == ClockDoubt::none);
    const auto report = bench.ledger(1).at(0);
    std::uint64_t flagged = 0;
    for (const VerdictCount& count : report.stored)
        if (count.verdict && count.verdict->clock != ClockDoubt::none) flagged += count.count;
    CHECK(flagged == 2);
    CHECK(bench.verify().find("clock: gate-1") != std::string::npos);
}

TEST_CASE(
    "a read that names an old receipt is shown once more with its time, one that nobody knows bounds "
    "nothing") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    REQUIRE(bench.receipt());
    const Digest old = sha256(bench.receipt_blob);
    for (int i = 0; i < 30; ++i) {
        bench.clock.advance(seconds(60));
        device.clock = bench.clock.utc();
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        REQUIRE(bench.receipt());
    }
    SUBCASE("known") {
        device.last_receipt = old;
        device.clock = now - hours(1);
        const Seq seq = device.head.next_seq;
        bench.deliver(device.messages(device.seal()));
        CHECK(bench.judge_all().size() == 1);  // one view, though it was opened twice
        CHECK(doubt(bench, device, seq) == ClockDoubt::before_receipt);
    }
    SUBCASE("never given") {
        device.last_receipt = sha256(as_bytes("invented"));
        device.clock = now - hours(1);
        const Seq seq = device.head.next_seq;
        bench.deliver(device.messages(device.seal()));
        CHECK(bench.judge_all().size() == 1);
        CHECK(doubt(bench, device, seq) == ClockDoubt::none);
    }
}

TEST_CASE("the sandwich's edges") {
    using enum ClockDoubt;
    CHECK(doubt_clock(ClockQuality::ntp, now, now, now) == none);
    CHECK(doubt_clock(ClockQuality::ntp, now - clock_tolerance, now, now) == none);
    CHECK(doubt_clock(ClockQuality::ntp, now - clock_tolerance - microseconds(1), now, now) ==
          before_receipt);
    CHECK(doubt_clock(ClockQuality::ntp, now - clock_tolerance - hours(1), std::nullopt, now) == none);
    CHECK(doubt_clock(ClockQuality::ntp, now + clock_tolerance, std::nullopt, now) == none);
    CHECK(doubt_clock(ClockQuality::ntp, now + clock_tolerance + microseconds(1), now, now) == after_receipt);
    CHECK(doubt_clock(ClockQuality::none, now + hours(9), now, now) == unset);
    CHECK(doubt_clock(ClockQuality::gnss, first_capture, std::nullopt, now) == none);
    CHECK(doubt_clock(ClockQuality::gnss, first_capture - microseconds(1), std::nullopt, now) == unset);
}
