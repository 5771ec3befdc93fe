// Spool, uplink, ingest and store with a broker between them that breaks its word: whatever it does, each
// item is at the collector once, and nothing leaves the spool before. One case for each fault, then all at
// once. PORTCULLIS_ROUNDS sets the number of seeds of that last one; the week's outage has 140 passages a
// round.
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "base/log.hpp"
#include "delivery_bench.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;

// Nobody cuts the power here (tests/unit/spool does), and the programs that are killed share one page cache:
// a sync would change nothing but the time that all this takes.
extern "C" int fdatasync(int) {
    return 0;
}
extern "C" int fsync(int) {
    return 0;
}

namespace {

/// What is told of the faults here would fill screens.
class Quiet {
  public:
    Quiet() : before_(log_level()) { set_log_level(LogLevel{0}); }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
    ~Quiet() { set_log_level(before_); }

  private:
    LogLevel before_;
};

/// Some traffic under these tricks; they go on until everything has come through.
void deliver_under(const Tricks& tricks, const Restarts& restarts = {}) {
    const Quiet quiet;
    const DeliveryKeys keys;
    for (const std::uint64_t seed : {1, 2, 3}) {
        CAPTURE(seed);
        Delivery road(keys, seed);
        road.broker.tricks = tricks;
        road.restarts = restarts;
        road.drive(200);
        road.drain();
        road.check_end();
        // The worst of these loses three of ten: of the oldest 16 that wait for a receipt all are sent again.
        CHECK(road.totals().published <= 4 * road.last_seq());
    }
}

Tricks all_tricks(HostileBroker& dice) {
    const auto some = [&](std::uint64_t limit) { return static_cast<int>(dice.below(limit + 1)); };
    Tricks tricks;
    tricks.drop = some(200);
    tricks.lose_receipt = some(300);
    tricks.duplicate = some(300);
    tricks.refuse = some(50);
    tricks.exhausted = some(200);
    tricks.overtake = static_cast<std::size_t>(some(40));
    tricks.delay = milliseconds(some(3000));
    tricks.queue = static_cast<std::size_t>(20 + some(1000));
    tricks.at_once = static_cast<std::size_t>(1 + some(1000));
    tricks.cut_device = some(10);
    tricks.cut_collector = some(10);
    tricks.kill = some(3);
    tricks.silence = some(3);
    tricks.away = milliseconds(1 + some(120'000));
    return tricks;
}

}  // namespace

TEST_CASE("with an honest broker each item is published once and the spool is empty at once") {
    const Quiet quiet;
    const DeliveryKeys keys;
    Delivery road(keys, 1);
    road.drive(200);
    road.drain();
    road.check_end();
    CHECK(road.totals().published == road.last_seq());
    CHECK(road.totals().duplicates == 0);
}

TEST_CASE("attack: a broker that accepts and drops: nothing is lost, for PUBACK is not a receipt") {
    deliver_under({.drop = 300});
}

TEST_CASE("a broker that duplicates and re-orders: each item is stored once, in its place") {
    deliver_under({.duplicate = 500, .overtake = 50});
}

TEST_CASE("a broker that delays messages, answers and receipts by up to a minute") {
    deliver_under({.overtake = 20, .delay = milliseconds(60'000)});
}

TEST_CASE("a broker that loses receipts: what is sent again is answered again") {
    deliver_under({.lose_receipt = 800});
}

TEST_CASE("a broker that falls silent, until it goes on or the keep-alive ends the lines") {
    deliver_under({.silence = 30});
}

TEST_CASE("a broker that is full: it takes nothing now, says no, or drops what it queues for the collector") {
    deliver_under({.refuse = 200, .exhausted = 500, .queue = 20, .cut_collector = 20});
}

TEST_CASE("a broker that is killed forgets what it had accepted") {
    deliver_under({.delay = milliseconds(500), .kill = 30});
}

TEST_CASE("the network is partitioned: neither side is connected for minutes, again and again") {
    deliver_under({.cut_device = 20, .cut_collector = 20, .away = milliseconds(300'000)});
}

TEST_CASE("the device's line is cut in the middle: what had no answer is sent again") {
    deliver_under({.delay = milliseconds(200), .cut_device = 100, .away = milliseconds(1000)});
}

TEST_CASE("a broker that floods a slow collector: what its queue drops is sent again") {
    deliver_under({.at_once = 2000, .cut_collector = 20, .away = milliseconds(120'000)});
}

TEST_CASE("the collector restarts at any moment, also between its commit and its receipt") {
    deliver_under({.delay = milliseconds(200)}, {.collector = 50});
}

TEST_CASE("the uplink restarts at any moment and begins at the oldest row") {
    deliver_under({.delay = milliseconds(200)}, {.uplink = 50});
}

TEST_CASE("the reader restarts at any moment and its chain goes on") {
    deliver_under({.drop = 20}, {.reader = 100});
}

TEST_CASE("a device that shed, offline until its key had lapsed, is renewed: its gap closes as declared") {
    const Quiet quiet;
    DeliveryKeys keys(now + 10 * day);
    Delivery road(keys, 1, 60);
    road.drive(5);
    road.drain();
    const Seq known = road.reached();
    road.append(60);
    REQUIRE(road.shed());
    road.clock.advance(10 * day + expired_grace + day);
    SUBCASE("renewed before the collector sees what the old key declared") {}
    SUBCASE("the collector sees first what the old key declared, and believes none of it") {
        for (int i = 0; i < 200; ++i)
            road.step(milliseconds(200));
        CHECK(road.reached() == known);
    }
    keys.renew(road.clock.utc());
    road.restart_collector();
    road.drain();
    road.drive(2);
    road.drain();
    CHECK(road.reached() == road.last_seq());
    road.check_end();
}

namespace {

/// Every trick and restart, drawn anew four times; then the faults end.
void drive_through_everything(Delivery& road) {
    for (int phase = 0; phase < 4; ++phase) {
        road.broker.tricks = all_tricks(road.broker);
        road.restarts = {.uplink = 5, .reader = 5, .collector = 5};
        road.drive(60);
    }
    road.settle();
    road.check_end();
}

}  // namespace

TEST_CASE("all faults at once, whatever the seed: 0 lost, 0 doubled") {
    const Quiet quiet;
    const DeliveryKeys keys;
    for (int seed = 1; seed <= rounds_or(10); ++seed) {
        CAPTURE(seed);
        Delivery road(keys, static_cast<std::uint64_t>(seed));
        drive_through_everything(road);
    }
}

TEST_CASE("with a small quota every gap at the collector is one that the device declared") {
    const Quiet quiet;
    const DeliveryKeys keys;
    std::uint64_t declared = 0;
    for (int seed = 1; seed <= rounds_or(10); ++seed) {
        CAPTURE(seed);
        Delivery road(keys, static_cast<std::uint64_t>(seed),
                      static_cast<std::uint64_t>(40 + 10 * (seed % 7)));
        drive_through_everything(road);
        declared += road.declared_items();
    }
    CHECK(declared > 0);
}

TEST_CASE("a week's outage at 20,000 passages a day is replayed whole") {
    constexpr int passages_a_round = 280;
    constexpr int passages_a_week = 140'000;
    constexpr milliseconds week = std::chrono::hours(7 * 24);
    const Quiet quiet;
    const DeliveryKeys keys;
    Delivery road(keys, 7);
    const int passages = std::min(passages_a_week, rounds_or(10) * passages_a_round);
    road.broker.cut(Side::device, week + std::chrono::minutes(1));
    for (int i = 0; i < passages; ++i) {
        road.append_passage();
        if (i % passages_a_round == 0) road.step(week * passages_a_round / passages);
    }
    const Seq spooled = road.last_seq();
    CHECK(road.totals().published == 0);
    // A line as such lines are.
    road.broker.tricks = {
        .drop = 1, .lose_receipt = 10, .duplicate = 5, .overtake = 4, .delay = milliseconds(50)};
    const BootTime before = road.clock.since_boot();
    const std::clock_t begin = std::clock();
    road.drain();
    const double cpu_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    const auto simulated = std::chrono::duration_cast<std::chrono::seconds>(road.clock.since_boot() - before);
    road.check_end();
    const Totals totals = road.totals();
    const std::uint64_t lost = road.broker.counts().lost;
    MESSAGE(spooled << " items of " << passages << " passages came through in " << cpu_s << " s of CPU, "
                    << static_cast<double>(spooled) / cpu_s << " items/s with all checks; on the road in "
                    << simulated.count() << " s; published " << totals.published << ", again "
                    << totals.resent << ", lost on the way " << lost);
    CHECK(totals.published <= spooled + spooled / 20);
}

TEST_CASE("catching up after an outage, new reads do not wait for the backlog, and the backlog goes on") {
    constexpr int passages_a_round = 200;
    constexpr int passages_a_week = 140'000;
    constexpr int most_steps = 4;  // in each the uplink has one turn; of 16 items, with this broker
    const Quiet quiet;
    const DeliveryKeys keys;
    Delivery road(keys, 11);
    road.broker.cut(Side::device, std::chrono::minutes(1));
    road.append(std::min(passages_a_week, std::max(3, rounds_or(10)) * passages_a_round));
    const Seq backlog = road.last_seq();
    road.step(std::chrono::minutes(2));
    int worst = 0;
    int new_reads = 0;
    while (road.released() < backlog) {
        const Seq read = road.last_seq() + 1;
        road.append_passage();
        ++new_reads;
        int steps = 0;
        for (; !road.at_collector(read) && steps <= most_steps; ++steps)
            road.step(milliseconds(20));
        worst = std::max(worst, steps);
    }
    road.drain();
    road.check_end();
    MESSAGE(backlog << " items behind, " << new_reads
                    << " new reads meanwhile, the slowest at the collector after " << worst << " turns");
    CHECK(worst <= most_steps);
    CHECK(new_reads > 10);
    CHECK(road.totals().published == road.last_seq());
}
