// What waits for one receiver, with time and chance in the test's hand.
#include <doctest/doctest.h>

#include "forward/delivery_queue.hpp"
#include "forward_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr BootTime start{hours(1)};
constexpr double no_luck = 0;  // the whole pause

struct QueueBench {
    double chance = no_luck;
    BootTime now = start;
    DeliveryQueue queue;

    explicit QueueBench(DeliveryRules rules = {4, hours(6), seconds(60)})
        : queue(rules, [this] { return chance; }) {}

    std::optional<Seq> push(Seq seq) {
        const View view = told_view(seq);
        const auto gone = queue.push({{view.device, view.chain, view.seq}, {"", std::to_string(seq)}, now});
        return gone ? std::optional(gone->seq) : std::nullopt;
    }
    /// Which one is told now, and what comes of it.
    std::pair<Seq, Settlement> tell(std::optional<HookAnswer> answer) {
        REQUIRE(queue.due().has_value());
        REQUIRE(*queue.due() <= now);
        const Seq seq = queue.begin().place.seq;
        return {seq, queue.settle(answer, now)};
    }
    /// How long from now the next one waits.
    microseconds pause() {
        REQUIRE(queue.due().has_value());
        return *queue.due() - now;
    }
    void wait_until_due() { now = std::max(now, *queue.due()); }
};

std::optional<HookAnswer> says(int status) {
    return HookAnswer{status, std::nullopt};
}
const std::optional<HookAnswer> nothing;

}  // namespace

TEST_CASE("what a receiver says decides whether a read is told again") {
    struct Row {
        std::optional<HookAnswer> answer;
        Settlement settlement;
    };
    const std::vector<Row> rows{{says(200), Settlement::delivered}, {says(201), Settlement::delivered},
                                {says(204), Settlement::delivered}, {says(299), Settlement::delivered},
                                {says(400), Settlement::refused},   {says(401), Settlement::refused},
                                {says(404), Settlement::refused},   {says(410), Settlement::refused},
                                {says(422), Settlement::refused},   {says(499), Settlement::refused},
                                {says(408), Settlement::later},     {says(425), Settlement::later},
                                {says(429), Settlement::later},     {says(500), Settlement::later},
                                {says(503), Settlement::later},     {says(599), Settlement::later},
                                {says(100), Settlement::later},     {says(301), Settlement::later},
                                {says(307), Settlement::later},     {nothing, Settlement::later}};
    for (const Row& row : rows) {
        CAPTURE((row.answer ? row.answer->status : 0));
        QueueBench bench;
        bench.push(1);
        bench.push(2);
        CHECK(bench.tell(row.answer) == std::pair(Seq{1}, row.settlement));
        const bool again = row.settlement == Settlement::later;
        CHECK(bench.queue.waiting() == (again ? 2 : 1));
        bench.wait_until_due();
        CHECK(bench.tell(says(200)).first == (again ? 1 : 2));
    }
}

TEST_CASE("pauses double up to the limit, shorter by chance down to a half, and end with the first success") {
    QueueBench bench;
    bench.push(1);
    bench.push(2);
    for (const int expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
        CHECK(bench.tell(says(500)).second == Settlement::later);
        CHECK(bench.pause() == seconds(expected));
        bench.wait_until_due();
    }
    bench.chance = 0.999999;
    CHECK(bench.tell(nothing).second == Settlement::later);
    CHECK(bench.pause() >= seconds(30));
    CHECK(bench.pause() < seconds(31));
    bench.wait_until_due();
    CHECK(bench.tell(says(200)).second == Settlement::delivered);
    CHECK(bench.pause() <= seconds(0));
    bench.chance = no_luck;
    CHECK(bench.tell(says(500)) == std::pair(Seq{2}, Settlement::later));
    CHECK(bench.pause() == seconds(1));
}

TEST_CASE("a thousand failures in a row make no longer pause, and none of nothing") {
    QueueBench bench({4, hours(24 * 7), seconds(60)});
    bench.push(1);
    for (int i = 0; i < 1000; ++i) {
        CHECK(bench.tell(nothing).second == Settlement::later);
        CHECK(bench.pause() > seconds(0));
        CHECK(bench.pause() <= seconds(60));
        bench.wait_until_due();
    }
}

TEST_CASE("Retry-After is kept, unless it asks for less than our own pause or for more than an hour") {
    struct Row {
        seconds asked;
        seconds pause;
    };
    for (const Row row : {Row{seconds(0), seconds(1)}, Row{seconds(120), seconds(120)},
                          Row{seconds(999'999'999), seconds(3600)}}) {
        QueueBench bench;
        bench.push(1);
        CHECK(bench.tell(HookAnswer{429, row.asked}).second == Settlement::later);
        CHECK(bench.pause() == row.pause);
    }
}

TEST_CASE("the oldest goes when too many wait, but never the one that is being told") {
    QueueBench bench({2, hours(6), seconds(60)});
    CHECK_FALSE(bench.push(1));
    CHECK_FALSE(bench.push(2));
    CHECK(bench.push(3) == Seq{1});
    const Delivery& told = bench.queue.begin();
    CHECK(told.place.seq == 2);
    CHECK(bench.push(4) == Seq{3});
    CHECK(bench.push(5) == Seq{4});
    CHECK(told.place.seq == 2);  // it lies where it lay
    CHECK(told.body.text == "2");
    CHECK(bench.queue.settle(says(200), bench.now) == Settlement::delivered);
    CHECK(bench.tell(says(200)).first == 5);
    CHECK(bench.queue.counters().lost == 3);
    CHECK(bench.queue.counters().delivered == 2);
    CHECK(bench.queue.waiting() == 0);
    CHECK_FALSE(bench.queue.due());
}

TEST_CASE("nothing is due while something is being told, or while nothing waits") {
    QueueBench bench;
    CHECK_FALSE(bench.queue.due());
    bench.push(1);
    bench.push(2);
    CHECK(bench.queue.due().has_value());
    static_cast<void>(bench.queue.begin());
    CHECK_FALSE(bench.queue.due());
}

TEST_CASE("what no receiver took for too long is given up, and the next one has its turn") {
    QueueBench bench({4, seconds(100), seconds(60)});
    bench.push(1);
    bench.now += seconds(50);
    bench.push(2);
    bench.now += seconds(49);
    CHECK(bench.tell(says(503)) == std::pair(Seq{1}, Settlement::later));
    bench.wait_until_due();
    CHECK(bench.tell(says(503)) == std::pair(Seq{1}, Settlement::given_up));
    CHECK(bench.queue.counters().lost == 1);
    CHECK(bench.pause() > seconds(0));  // the receiver is spared all the same
    bench.wait_until_due();
    CHECK(bench.tell(says(200)) == std::pair(Seq{2}, Settlement::delivered));
}
