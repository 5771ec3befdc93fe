// What devices say of their lives, and what ledger and verify make of it (tests/data/verify).
#include <doctest/doctest.h>

#include <algorithm>

#include "base/file.hpp"
#include "collector/ingest/ledger.hpp"
#include "seal/statement.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;

namespace {

LifeStatement life_of(LifeReason reason, std::uint64_t boots) {
    LifeStatement life;
    life.reason = reason;
    life.boots = boots;
    return life;
}

/// A device that has begun anew behind `before`, of which it knows all.
TestDevice next_chain(const CollectorBench& bench, const TestDevice& before, char letter) {
    TestDevice device(bench.road);
    device.head.chain.bytes.fill(static_cast<std::byte>(letter));
    device.head.link = first_link(device.name, device.head.chain);
    device.links = {device.head.link};
    device.clock = before.clock;
    return device;
}

LifeStatement follows(const TestDevice& before, LifeReason reason, std::uint64_t boots) {
    LifeStatement life = life_of(reason, boots);
    life.previous = before.head.chain;
    life.previous_last = before.head.next_seq - 1;
    life.previous_link = before.head.link;
    return life;
}

std::vector<ChainReport> ledger(CollectorBench& bench) {
    return bench.ledger(100);
}

}  // namespace

TEST_CASE("records given up and dropped frames are declared: ledger and verify show their sum once") {
    CollectorBench bench;
    TestDevice device(bench.road);
    LifeStatement life = life_of(LifeReason::made, 1);
    bench.deliver(device.message(device.life(life)));
    bench.deliver(device.messages(device.seal()));
    life = life_of(LifeReason::report, 1);
    life.records_lost = 3;
    life.frames_dropped = 40;
    const SealedItem lost = device.life(life);
    const BrokerMessage report = device.message(lost);
    bench.deliver(device.messages(device.seal()));
    life = life_of(LifeReason::start, 2);
    life.records_lost = 5;
    life.frames_dropped = 50;
    const BrokerMessage start = device.message(device.life(life));
    bench.deliver(start);  // the broker turned them round, and sends them twice
    bench.deliver(report);
    bench.deliver(report);
    bench.judge_all();
    REQUIRE(ledger(bench).size() == 1);
    const ChainReport chain = ledger(bench)[0];
    CHECK(chain.lives.size() == 3);
    CHECK(chain.records_lost == 5);
    CHECK(chain.frames_dropped == 50);
    CHECK(chain.chain.upto == 9);
    CHECK(chain.chain.confirmed == 8);  // a life statement signs the link before it
    CHECK(bench.receipt()->upto == 9);
    check_golden(bench, "records-given-up");
    bench.restart();
    CHECK(ledger(bench)[0].records_lost == 5);
}

TEST_CASE("sums go on over a new chain, and begin anew with a new anchor") {
    CollectorBench bench;
    TestDevice first(bench.road);
    LifeStatement life = life_of(LifeReason::made, 4);
    life.records_lost = 7;
    bench.deliver(first.message(first.life(life)));
    TestDevice second = next_chain(bench, first, 'b');
    life = follows(first, LifeReason::set_aside, 5);
    life.records_lost = 9;
    bench.deliver(second.message(second.life(life)));
    life = life_of(LifeReason::anchor_lost, 1);
    life.records_lost = 1;
    bench.deliver(second.message(second.life(life)));
    bench.judge_all();
    CHECK(ledger(bench)[0].records_lost == 7);
    CHECK(ledger(bench)[1].records_lost == 3);  // 9 - 7, then 1
}

TEST_CASE("a spool that was damaged is superseded by a new chain, with its reason") {
    CollectorBench bench;
    TestDevice first(bench.road);
    bench.deliver(first.message(first.life(life_of(LifeReason::made, 1))));
    bench.deliver(first.messages(first.seal()));
    bench.deliver(first.message(first.checkpoint()));
    TestDevice second = next_chain(bench, first, 'b');
    bench.deliver(second.message(second.life(follows(first, LifeReason::set_aside, 2))));
    bench.deliver(second.messages(second.seal()));
    bench.judge_all();
    const auto found = successions(ledger(bench));
    REQUIRE(found.size() == 1);
    CHECK(found[0].reason == LifeReason::set_aside);
    CHECK(found[0].came == found[0].previous_last);
    check_golden(bench, "damaged-spool");
}

TEST_CASE("attack: an old spool restored: the new chain says why, and what never came is told") {
    CollectorBench bench;
    TestDevice first(bench.road);
    bench.deliver(first.message(first.life(life_of(LifeReason::made, 1))));
    bench.deliver(first.messages(first.seal()));
    first.seal();  // was in the newer spool, and in nothing else
    first.checkpoint();
    TestDevice second = next_chain(bench, first, 'b');
    bench.deliver(second.message(second.life(follows(first, LifeReason::rolled_back, 2))));
    bench.deliver(second.messages(second.seal()));
    bench.judge_all();
    CHECK(bench.receipt());
    check_golden(bench, "old-spool-restored");
}

TEST_CASE("attack: the anchor deleted and an old spool restored: the place is told") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.message(device.life(life_of(LifeReason::anchor_lost, 1))));
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    CHECK(lost_anchors(ledger(bench)).empty());  // the first anchor that this device ever had
    bench.clock.advance(seconds(60));
    bench.deliver(device.message(device.life(life_of(LifeReason::anchor_lost, 1))));
    bench.judge_all();
    const auto reports = ledger(bench);
    REQUIRE(lost_anchors(reports).size() == 1);
    CHECK(lost_anchors(reports)[0].seq == 5);
    check_golden(bench, "anchor-lost");
}

TEST_CASE(
    "attack: rolled-back device, its anchor with its spool: the starts fork the chain, no opener is needed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.message(device.life(life_of(LifeReason::made, 1))));
    bench.deliver(device.messages(device.seal()));
    TestDevice restored(bench.road);
    restored.head = device.head;
    restored.links = device.links;
    restored.clock = device.clock + seconds(3600);
    bench.deliver(device.message(device.life(life_of(LifeReason::start, 2))));
    bench.deliver(device.messages(device.seal()));
    bench.clock.advance(seconds(3600));
    const BrokerMessage again = restored.message(restored.life(life_of(LifeReason::start, 2)));
    CHECK(bench.deliver(again).reception == Reception::conflicting);
    static_cast<void>(bench.to_judge(0));
    bench.deliver(again);
    CHECK(bench.has_receipt(restored.head.link));
    bench.deliver(restored.messages(restored.seal()));
    bench.deliver(restored.message(restored.checkpoint()));
    bench.judge_all();
    CHECK(bench.has_receipt(restored.head.link));  // nothing of both is lost, and it drains
    REQUIRE(ledger(bench).size() == 2);
    CHECK(ledger(bench)[1].lives.size() == 1);
    check_golden(bench, "rolled-back-with-its-anchor");
}

TEST_CASE("attack: a life statement forged, changed, or carried to another place") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const BrokerMessage genuine = device.message(device.life(life_of(LifeReason::made, 1)));
    const KeyFiles files = bench.road.pki.issue("stranger", "gate-1", {.ca = "stranger-ca"});
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    TestDevice stranger(bench.road, *key, "gate-1");
    LifeStatement lie = life_of(LifeReason::made, 1);
    lie.records_lost = 1000;
    CHECK(bench.deliver(stranger.message(stranger.life(lie))).reception == Reception::refused);
    CHECK(bench.deliver(with_flipped_byte(genuine)).reception == Reception::refused);
    CHECK(bench.deliver(with_property(genuine, "seq", "2")).reception == Reception::refused);
    CHECK(bench.deliver(with_property(genuine, "kind", "checkpoint")).reception == Reception::refused);
    CHECK(bench.deliver(genuine).reception == Reception::stored);
    bench.judge_all();
    CHECK(ledger(bench)[0].records_lost == 0);
    check_golden(bench, "forged-life");
}

TEST_CASE("attack: the ledger's words of a life statement changed in the store") {
    CollectorBench bench;
    TestDevice device(bench.road);
    LifeStatement life = life_of(LifeReason::made, 1);
    life.records_lost = 9;
    bench.deliver(device.message(device.life(life)));
    bench.judge_all();
    CHECK(bench.verify().find("altered") == std::string::npos);
    bench.ingest.reset();
    bench.change("UPDATE life SET records_lost = 0");
    bench.restart();
    CHECK(bench.verify().find("altered") != std::string::npos);
}
