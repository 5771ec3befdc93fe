// Two lanes: catching up after an outage does not starve new items, and new items do not starve the backlog.
// The age of a new item is counted in items that went before it, never in seconds.
#include <algorithm>

#include "desk.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;
using Seqs = std::vector<Seq>;

namespace {

class BusyDesk : public Desk {
  public:
    explicit BusyDesk(UplinkSettings given = {}) : Desk(std::move(given)) {}

    /// As append, with a hundred reads a commit.
    void append_outage(int hundreds) {
        for (int i = 0; i < hundreds; ++i) {
            SealedRecord record{head.chain, {}};
            for (int read = 0; read < 100; ++read) {
                record.items.push_back(std::move(next_read(head).items.front()));
                links.push_back(head.link);
            }
            REQUIRE(reader->append(record));
        }
    }
    /// The broker takes the `count` oldest of those that wait; gives what is published then.
    Seqs accept(std::size_t count) {
        for (; count > 0 && !waiting.empty(); --count) {
            broker.accept(waiting.front());
            waiting.erase(waiting.begin());
        }
        return publish();
    }
    Seqs publish() {
        Seqs seqs;
        for (const auto& one : turn_and_take()) {
            waiting.push_back(one.token);
            seqs.push_back(std::stoull(property_of(one.message, "seq")));
            all.push_back(seqs.back());
        }
        return seqs;
    }
    /// As the collector that stores what comes: a receipt up to the first gap.
    void receive() {
        std::sort(all.begin(), all.end());
        Seq upto = 0;
        for (const Seq seq : all)
            if (seq == upto + 1) ++upto;
        if (upto > 0) deliver(receipt(upto));
    }
    void reconnect(const std::function<void()>& meanwhile) {
        broker.disconnect();
        turn();
        meanwhile();
        waiting.clear();
        broker.connect();
    }
    [[nodiscard]] std::size_t times_published(Seq seq) const {
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), seq));
    }

    std::vector<std::uint64_t> waiting;  // tokens
    Seqs all;
};

bool has(const Seqs& seqs, Seq seq) {
    return std::find(seqs.begin(), seqs.end(), seq) != seqs.end();
}

}  // namespace

TEST_CASE("a new item takes the next free place, however many older ones wait, they go on, oldest first") {
    BusyDesk desk;
    desk.append_outage(30);
    desk.broker.connect();
    Seqs first = desk.publish();
    REQUIRE(first.size() == 16);
    CHECK(first.front() == 1);
    CHECK(first.back() == 16);
    CHECK(desk.uplink->catching_up());
    CHECK(desk.accept(3) == Seqs{17, 18, 19});
    desk.append(1);
    CHECK(desk.accept(1) == Seqs{3001});
    CHECK(desk.accept(3) == Seqs{20, 21, 22});
}

TEST_CASE("while new items never end, every second place is the backlog's") {
    BusyDesk desk;
    desk.append_outage(10);
    desk.broker.connect();
    desk.publish();
    desk.append(40);
    Seqs old;
    Seqs young;
    for (int i = 0; i < 60; ++i)
        for (const Seq seq : desk.accept(1))
            (seq <= 1000 ? old : young).push_back(seq);
    CHECK(old.size() == 30);
    CHECK(young.size() == 30);
    CHECK(std::is_sorted(old.begin(), old.end()));
    CHECK(std::is_sorted(young.begin(), young.end()));
    CHECK(young.front() == 1001);
}

TEST_CASE("a window of one serves both lanes") {
    BusyDesk desk({.window_items = 1});
    desk.append_outage(2);
    desk.broker.connect();
    CHECK(desk.publish() == Seqs{1});
    desk.append(1);
    CHECK(desk.accept(1) == Seqs{201});
    CHECK(desk.accept(1) == Seqs{2});
}

TEST_CASE("the lanes meet: nothing is passed over, nothing goes twice, and the spool gets empty") {
    BusyDesk desk;
    desk.append_outage(8);
    desk.broker.connect();
    desk.publish();
    int turns = 0;
    for (; desk.uplink->catching_up() && turns < 500; ++turns) {
        if (turns % 5 == 0) desk.append(1);
        desk.accept(4);
        if (turns % 20 == 0) desk.receive();
    }
    REQUIRE_FALSE(desk.uplink->catching_up());
    desk.append(1);
    for (int i = 0; i < 10; ++i)
        desk.accept(16);
    desk.receive();
    desk.turn();
    CHECK(desk.spooled() == 0);
    for (Seq seq = 1; seq < desk.head.next_seq; ++seq)
        CHECK(desk.times_published(seq) == 1);
    CHECK(desk.uplink->counters().resent == 0);
}

TEST_CASE("a new item that the line lost is published again, in its lane") {
    BusyDesk desk;
    desk.append_outage(3);
    desk.broker.connect();
    desk.publish();
    desk.append(2);
    REQUIRE(desk.accept(2) == Seqs{301, 17});
    const std::uint64_t token = *(desk.waiting.end() - 2);
    std::erase(desk.waiting, token);
    desk.broker.answer(token, fail(ErrorCode::closed, "lost"));
    CHECK(desk.publish() == Seqs{301});
    CHECK(desk.accept(1) == Seqs{18});
    CHECK(desk.accept(1) == Seqs{302});
}

TEST_CASE("a new item that the broker denies is tried again while the backlog goes on") {
    BusyDesk desk;
    desk.append_outage(3);
    desk.broker.connect();
    desk.publish();
    desk.append(1);
    REQUIRE(desk.accept(1) == Seqs{301});
    const std::uint64_t token = desk.waiting.back();
    desk.waiting.pop_back();
    desk.broker.deny(token);
    CHECK_FALSE(has(desk.publish(), 301));
    desk.receive();
    CHECK_FALSE(has(desk.publish(), 301));
    desk.clock.advance(seconds(61));
    CHECK(has(desk.accept(40), 301));
}

TEST_CASE("without any receipt the new items stop at the limit too, and with one they go on") {
    BusyDesk desk({.window_items = 4, .ahead_items = 20});
    desk.append_outage(3);
    desk.broker.connect();
    desk.publish();
    desk.append(60);
    for (int i = 0; i < 40; ++i)
        desk.accept(4);
    CHECK(desk.all.size() == 40);
    CHECK(desk.times_published(320) == 1);
    CHECK(desk.times_published(321) == 0);
    desk.receive();
    Seqs more;
    for (int i = 0; i < 10; ++i) {
        const Seqs some = desk.accept(4);
        more.insert(more.end(), some.begin(), some.end());
    }
    CHECK(has(more, 21));
    CHECK(has(more, 321));
}

TEST_CASE("what came in a short break of the line still is new, what came in a long one is backlog") {
    BusyDesk desk;
    desk.append_outage(20);
    desk.broker.connect();
    desk.publish();
    desk.append(1);
    REQUIRE(has(desk.accept(4), 2001));
    desk.accept(20);
    desk.reconnect([&] { desk.append(2); });
    const Seqs again = desk.publish();
    CHECK(has(again, 1));
    CHECK(has(again, 2002));
    CHECK(has(again, 2003));
    CHECK_FALSE(has(again, 2001));  // accepted before; the backlog will come to it
    desk.reconnect([&] { desk.append_outage(3); });
    const Seqs later = desk.publish();
    CHECK(later.front() == 1);
    CHECK(later.back() == 16);
    desk.append(1);
    CHECK(desk.accept(1) == Seqs{2304});
}

TEST_CASE("new items that were lost beyond the broker are sent again once the lanes have met") {
    BusyDesk desk({.resend_after = seconds(30)});
    desk.append_outage(1);
    desk.broker.connect();
    desk.publish();
    desk.append(3);
    for (int i = 0; i < 12; ++i)
        desk.accept(16);
    REQUIRE_FALSE(desk.uplink->catching_up());
    CHECK(desk.all.size() == 103);
    desk.deliver(desk.receipt(101));
    CHECK(desk.publish().empty());
    CHECK(desk.spooled() == 2);
    desk.clock.advance(seconds(31));
    CHECK(desk.publish() == Seqs{102, 103});
    CHECK(desk.uplink->counters().resent == 2);
}

TEST_CASE("a short queue needs no second lane") {
    BusyDesk desk;
    desk.append(60);
    desk.broker.connect();
    desk.publish();
    CHECK_FALSE(desk.uplink->catching_up());
    for (int i = 0; i < 10; ++i)
        desk.accept(16);
    CHECK(std::is_sorted(desk.all.begin(), desk.all.end()));
    CHECK(desk.all.size() == 60);
}
