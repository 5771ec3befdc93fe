// Several blobs for one place: whatever a hostile broker puts there first, the device's own gets it in the
// end.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>

#include "seal/encrypt.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool is_ours(CollectorBench& bench, const TestDevice& device, Seq seq, const BrokerMessage& message) {
    const auto item = bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, seq); });
    return item && item->digest == sha256(message.payload);
}

}  // namespace

TEST_CASE("junk that came first loses its place to the genuine record that waited behind it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    CHECK(bench.deliver(junk_like(bench.road, genuine[0])).reception == Reception::stored);
    CHECK(bench.receipt()->link != device.links[1]);  // the device refuses such a receipt
    const Received second = bench.deliver(genuine[0]);
    CHECK(second.reception == Reception::conflicting);
    CHECK(second.verdict->authenticity == Authenticity::conflicting);
    bench.deliver({genuine[1], genuine[2]});
    bench.judge_all();
    CHECK(is_ours(bench, device, 1, genuine[0]));
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(bench.verdict(device, seq)->good());
    CHECK(bench.receipt()->link == device.head.link);
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].reason == QuarantineReason::condemned);
}

TEST_CASE("junk that comes second never gets the place of a judged record") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.judge_all();
    CHECK(bench.deliver(junk_like(bench.road, genuine[0])).reception == Reception::conflicting);
    bench.judge_all();
    CHECK(is_ours(bench, device, 1, genuine[0]));
    CHECK(bench.chain(device).conflicts == 1);
    CHECK(bench.quarantine().at(0).reason == QuarantineReason::conflicting);
}

TEST_CASE("condemned junk that is sent again is not judged again, the genuine record is") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    const BrokerMessage junk = junk_like(bench.road, genuine[0]);
    bench.deliver(junk);
    bench.judge_all();
    for (int i = 0; i < 5; ++i)
        CHECK(bench.deliver(junk).reception == Reception::refused);
    CHECK(bench.to_judge(16).empty());
    CHECK(bench.deliver(genuine[0]).reception == Reception::stored);
    CHECK(bench.judge_all().at(0).verdict.good());
}

TEST_CASE("junk at the end of the chain falls back with what was computed from it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    const auto genuine = device.messages(device.seal());
    bench.deliver({junk_like(bench.road, genuine[0]), genuine[1], genuine[2]});
    CHECK(bench.chain(device).upto == 6);
    bench.judge_all();
    CHECK(bench.chain(device).upto == 3);
    CHECK(bench.receipt()->link == device.links[3]);
    bench.deliver(genuine[0]);
    bench.judge_all();
    CHECK(bench.chain(device).upto == 6);
    CHECK(bench.chain(device).upto_link == device.head.link);
}

TEST_CASE("a blob that was changed but still opens is found by the next signed link, and exchanged") {
    CollectorBench bench;
    TestDevice device(bench.road);
    // Two recipients: who opens does not see that the other's part was changed.
    const auto genuine = device.messages(device.seal());
    const auto next = device.messages(device.seal());
    bench.deliver(genuine);
    // As if the broker had changed the second picture and it had opened all the same.
    const auto item = bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, 3); });
    ItemRow changed = *item;
    BrokerMessage other = with_flipped_byte(genuine[2]);
    changed.digest = sha256(other.payload);
    changed.verdict = Verdict{Authenticity::authentic, KeyTrust::trusted};
    must_do(bench.store().items.remove(item->id));
    CHECK(bench.store().items.add(changed, other.payload));
    ChainRow chain = bench.chain(device);
    chain.upto = 2;
    chain.upto_link = device.links[2];
    must_do(bench.store().chains.save(chain));
    bench.restart();
    bench.deliver(next);
    bench.judge_all();
    SUBCASE("the receipt promises no more than the device has confirmed") {
        CHECK(bench.chain(device).mismatch == 4);
        CHECK(bench.verify().find("! mismatch: gate-1") != std::string::npos);
        const auto receipt = bench.receipt();
        CHECK((!receipt || receipt->link == device.links[receipt->upto]));
    }
    // The device, without its receipt, sends again.
    CHECK(bench.deliver(genuine[2]).reception == Reception::conflicting);
    bench.judge_all();
    CHECK(is_ours(bench, device, 3, genuine[2]));
    CHECK(bench.chain(device).mismatch == 0);
    CHECK(bench.chain(device).upto_link == device.head.link);
    for (Seq seq = 1; seq <= 6; ++seq)
        CHECK(bench.verdict(device, seq)->good());
    CHECK(bench.receipt()->link == device.head.link);
}

TEST_CASE(
    "what the device itself sealed wrongly keeps its place by the next checkpoint: nothing waits for ever") {
    CollectorBench bench;
    TestDevice device(bench.road);
    SealedRecord record = device.seal();
    // The device's memory failed between sealing and its spool: the spool holds, and signs, a broken blob.
    record.items[2].blob[record.items[2].blob.size() - 40] ^= std::byte{1};
    device.head.link = next_link(device.links[2], 3, sha256(record.items[2].blob));
    device.links[3] = device.head.link;
    bench.deliver(device.messages(record));
    bench.judge_all();
    CHECK(bench.chain(device).upto == 2);  // condemned, its place is free
    CHECK(bench.deliver(device.message(record.items[2])).reception == Reception::refused);
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(device).upto == 4);
    CHECK(bench.verdict(device, 3)->authenticity == Authenticity::damaged);
    CHECK(bench.receipt()->link == device.head.link);
}

TEST_CASE("an item sealed to somebody else keeps its place until a better claim comes") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    BrokerMessage foreign = genuine[0];
    std::vector<X509Ptr> others;
    others.push_back(must(load_certificate(bench.road.pki.recipient("somebody").certificate)));
    foreign.payload = must(encrypt(as_bytes("{\"v\":1}"), others));
    bench.deliver(foreign);
    bench.judge_all();
    CHECK(bench.verdict(device, 1)->authenticity == Authenticity::unopened);
    CHECK(bench.deliver(genuine[0]).reception == Reception::stored);
    bench.judge_all();
    CHECK(is_ours(bench, device, 1, genuine[0]));
    CHECK(bench.verdict(device, 1)->good());
}

TEST_CASE("a genuine item under a wrong kind is not lost: the right hint mends it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    BrokerMessage relabelled = with_property(genuine[0], "kind", "plate");
    relabelled.topic = "lpr/v1/dev/gate-1/media";
    CHECK(bench.deliver(relabelled).reception == Reception::stored);
    bench.judge_all();
    CHECK(bench.deliver(genuine[0]).reception == Reception::duplicate);
    CHECK(bench.judge_all().size() == 1);
    CHECK(bench.verdict(device, 1)->good());
}

TEST_CASE("a forked device, two true signatures for one place: the first keeps it, the other gets a branch") {
    CollectorBench bench;
    TestDevice device(bench.road);
    TestDevice clone(bench.road);
    clone.clock += milliseconds(1);  // it captures something else
    const auto mine = device.messages(device.seal());
    const auto other = clone.messages(clone.seal());
    bench.deliver(mine);
    bench.judge_all();
    CHECK(bench.deliver(other[0]).reception == Reception::conflicting);
    bench.judge_all();
    CHECK(is_ours(bench, device, 1, mine[0]));
    CHECK(bench.incidents(2).at(1).what == "conflicting");
    const auto branches =
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    REQUIRE(branches.size() == 2);
    CHECK(branches[0].upto_link == next_link(branches[0].base_link, 1, sha256(other[0].payload)));
}

TEST_CASE("quarantine is bounded: junk of the gate cannot push out a claim") {
    CollectorBench bench;
    bench.settings.quarantine.rows = 40;
    bench.restart();
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.deliver(junk_like(bench.road, genuine[0]));
    BrokerMessage refused = genuine[0];
    for (int i = 0; i < 100; ++i) {
        refused.payload = to_bytes(fmt::format("junk {}", i));
        bench.deliver(refused);
    }
    CHECK(bench.read([&](Store& store) { return store.quarantine.count(); }) == 11);
    CHECK(bench.read([&](Store& store) { return store.quarantine.claims("gate-1", device.head.chain, 1); })
              .size() == 1);
}

TEST_CASE("of one place no more than a few claims are kept") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    for (int i = 0; i < 10; ++i)
        bench.deliver(junk_like(bench.road, genuine[0]));
    CHECK(bench.read([&](Store& store) { return store.quarantine.claims("gate-1", device.head.chain, 1); })
              .size() == max_claims_per_place);
}

TEST_CASE("condemned junk that comes again after ten minutes is judged once more, and condemned again") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    const BrokerMessage junk = junk_like(bench.road, genuine[0]);
    bench.deliver({junk, genuine[1]});
    bench.judge_all();
    CHECK(bench.deliver(junk).reception == Reception::refused);
    bench.clock.advance(retry_condemned_after);
    CHECK(bench.deliver(junk).reception == Reception::stored);
    CHECK(bench.quarantine().empty());
    bench.judge_all();
    CHECK_FALSE(bench.verdict(device, 1));
    CHECK(bench.quarantine().size() == 1);
    CHECK(bench.deliver(junk).reception == Reception::refused);
}

TEST_CASE("who waits behind an item that is sealed to somebody else gets the place with that verdict") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    BrokerMessage foreign = genuine[0];
    std::vector<X509Ptr> others;
    others.push_back(must(load_certificate(bench.road.pki.recipient("somebody").certificate)));
    foreign.payload = must(encrypt(as_bytes("{\"v\":1}"), others));
    bench.deliver(foreign);
    CHECK(bench.deliver(genuine[0]).reception == Reception::conflicting);
    CHECK(bench.deliver(genuine[0]).reception == Reception::conflicting);  // and waits there once
    CHECK(bench.quarantine().size() == 1);
    CHECK(bench.chain(device).duplicates == 1);
    bench.judge_all();
    CHECK(is_ours(bench, device, 1, genuine[0]));
    CHECK(bench.verdict(device, 1)->good());
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].verdict.authenticity == Authenticity::unopened);
}

TEST_CASE(
    "a second life of which the middle comes first waits, and gets its branch when its beginning comes") {
    CollectorBench bench;
    TestDevice device(bench.road);
    TestDevice clone(bench.road);
    clone.clock += milliseconds(1);
    std::vector<BrokerMessage> mine;
    std::vector<BrokerMessage> others;
    for (int i = 0; i < 2; ++i) {
        std::ranges::copy(device.messages(device.seal()), std::back_inserter(mine));
        std::ranges::copy(clone.messages(clone.seal()), std::back_inserter(others));
    }
    bench.deliver(mine);
    bench.judge_all();
    const std::vector middle(others.begin() + 3, others.end());
    bench.deliver(middle);
    bench.judge_all();  // signed, but what it hangs on is not known
    const auto branches = [&] {
        return bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    };
    CHECK(branches().size() == 1);
    bench.deliver(middle);
    bench.judge_all();
    CHECK(branches().size() == 1);
    CHECK(bench.chain(device).duplicates == 3);
    bench.deliver(others);
    bench.judge_all();
    bench.deliver(others);
    bench.judge_all();
    REQUIRE(branches().size() == 2);
    CHECK(branches()[0].upto == 6);
    CHECK(branches()[0].upto_link == clone.head.link);
    CHECK(branches()[1].upto_link == device.head.link);
    CHECK(bench.has_receipt(clone.head.link));
}

TEST_CASE("a device that was set back again and again gets sixteen branches, then a person has to look") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    const auto branches = [&] {
        return bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    };
    for (int life = 1; life <= 18; ++life) {
        TestDevice other(bench.road);
        other.clock += milliseconds(life);
        bench.deliver(other.messages(other.seal())[0]);
        bench.judge_all();
        CHECK(branches().size() == static_cast<std::size_t>(std::min(life, 16) + 1));
    }
    CHECK_FALSE(bench.quarantine().empty());
}
