// Sealed health records on their way through the collector: items like a read, and bound to their place as
// one.
#include <doctest/doctest.h>

#include <algorithm>

#include "collector/ingest/ledger.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

HealthRecord record_with(std::uint64_t passages) {
    HealthRecord record;
    record.report.firmware = "0.1.0";
    record.report.passages = passages;
    record.report.clock.quality = ClockQuality::ntp;
    return record;
}

/// Signed, and not sealed: as the version before did it.
SealedItem signed_only(TestDevice& device) {
    SealedItem item = device.checkpoint();
    item.kind = ItemKind::health;
    return item;
}

}  // namespace

TEST_CASE("a health record is stored unread, judged good, shown to no viewer, receipted, and in order") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const BrokerMessage health = device.message(device.health(record_with(41)));
    CHECK(health.topic == "lpr/v1/dev/gate-1/read");
    CHECK(bench.deliver(health).reception == Reception::stored);
    CHECK(bench.deliver(health).reception == Reception::duplicate);
    CHECK(bench.receipt()->upto == 4);  // before anybody has opened it
    for (const View& view : bench.judge_all())
        CHECK(view.kind != ItemKind::health);
    REQUIRE(bench.verdict(device, 4));
    CHECK(bench.verdict(device, 4)->good());
    CHECK(bench.verdict(device, 4)->clock == ClockDoubt::none);
    // It names the link before it, as a read does: up to there the device has confirmed.
    CHECK(bench.chain(device).confirmed == 3);
    bench.deliver(device.message(device.checkpoint()));
    CHECK(bench.chain(device).confirmed == 4);
    CHECK(bench.receipt()->link == device.head.link);
    CHECK(bench.verify().find("Everything is in order.") != std::string::npos);
}

TEST_CASE(
    "a chain of reads, health records, checkpoints and a tombstone is confirmed to its end, in any order") {
    CollectorBench bench;
    TestDevice device(bench.road);
    std::vector<BrokerMessage> all;
    const auto add = [&](std::vector<BrokerMessage> more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    for (int round = 0; round < 3; ++round) {
        add(device.messages(device.seal()));
        add({device.message(device.health(record_with(7)))});
        add({device.message(device.health(record_with(8)))});
        add({device.message(device.checkpoint())});
    }
    // The second round is shed: two health records went with it.
    all.erase(all.begin() + 6, all.begin() + 12);
    std::reverse(all.begin(), all.end());
    bench.deliver(all);
    bench.judge_all();
    CHECK(bench.chain(device).upto == 6);
    CHECK(bench.gaps(device, true).size() == 1);
    bench.deliver(device.message(device.tombstone(7, 12)));
    bench.judge_all();
    CHECK(bench.chain(device).upto == 18);
    CHECK(bench.chain(device).confirmed == 17);
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.receipt()->link == device.head.link);
}

TEST_CASE("one dropped health record is missing, and its gap closes when it comes") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const BrokerMessage dropped = device.message(device.health(record_with(1)));
    bench.deliver(device.message(device.health(record_with(2))));
    bench.judge_all();
    REQUIRE(bench.gaps(device, true).size() == 1);
    CHECK(bench.gaps(device, true)[0].first == 4);
    CHECK(bench.receipt()->upto == 3);
    bench.deliver(dropped);
    bench.judge_all();
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.verdict(device, 4)->good());
    CHECK(bench.verdict(device, 5)->good());
}

TEST_CASE("attack: a health record replayed at another place, or behind another item, is misplaced") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    SealedItem moved = device.health(record_with(1));
    const SealedItem genuine = moved;
    moved.seq = 5;
    bench.deliver({device.message(genuine), device.message(moved)});
    const auto views = bench.judge_all();
    CHECK(bench.verdict(device, 4)->good());
    CHECK_FALSE(bench.verdict(device, 5));
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].verdict.authenticity == Authenticity::misplaced);
    CHECK(std::ranges::any_of(views, [](const View& view) {
        return view.kind == ItemKind::health && view.verdict.authenticity == Authenticity::misplaced &&
               view.text.empty();
    }));
}

TEST_CASE("attack: a health record under another kind's name, and a read under its: both are condemned") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    const auto record = device.messages(device.seal());
    const BrokerMessage health = device.message(device.health(record_with(1)));
    bench.deliver(with_property(record[0], "kind", "health"));
    bench.deliver(with_property(health, "kind", "read"));
    bench.judge_all();
    CHECK_FALSE(bench.verdict(device, 5));
    CHECK_FALSE(bench.verdict(device, 8));
    REQUIRE(bench.quarantine().size() == 2);
    for (const QuarantineRow& row : bench.quarantine())
        CHECK(row.verdict.authenticity == Authenticity::forged);
    bench.deliver(record);
    bench.deliver(health);
    bench.judge_all();
    for (const Seq seq : {5U, 8U})
        CHECK(bench.verdict(device, seq)->good());
}

TEST_CASE("attack: a health record of another device's key, changed, or sealed by a stranger, is condemned") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const KeyFiles other = bench.road.pki.device("gate-2");
    const auto key = must(FileSigningKey::create(other.key, other.certificate));
    TestDevice stranger(bench.road, *key, "gate-2");
    bench.reload();
    SealedItem foreign = stranger.health(record_with(1));
    bench.deliver(device.message(foreign));
    bench.judge_all();
    CHECK(bench.quarantine().at(0).verdict.authenticity == Authenticity::misplaced);
    const BrokerMessage genuine = device.message(device.health(record_with(2)));
    bench.deliver(with_flipped_byte(genuine));
    bench.deliver(junk_like(bench.road, genuine));
    bench.deliver(genuine);
    bench.judge_all();
    REQUIRE(bench.verdict(device, 1));
    CHECK(bench.verdict(device, 1)->good());
}

TEST_CASE("attack: rolled-back device that begins with a health record: a branch, and it drains") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    TestDevice copy(bench.road);  // as it was: an older spool
    copy.head = device.head;
    copy.links = device.links;
    bench.deliver(device.message(device.health(record_with(10))));
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    copy.clock += std::chrono::seconds(60);
    const BrokerMessage second = copy.message(copy.health(record_with(11)));
    const auto behind = copy.messages(copy.seal());
    CHECK(bench.deliver(second).reception == Reception::conflicting);
    bench.deliver(behind);
    bench.judge_all();
    // Without a receipt it sends again, and drains.
    bench.deliver(second);
    bench.deliver(behind);
    bench.judge_all();
    const auto branches =
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    REQUIRE(branches.size() == 2);
    CHECK(bench.has_receipt(copy.head.link));
}

TEST_CASE("a health record that is only signed, as version 4 of the store knew it, is refused at the gate") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const Received received = bench.deliver(device.message(signed_only(device)));
    CHECK(received.reception == Reception::refused);
    CHECK(received.verdict->authenticity == Authenticity::damaged);
    CHECK(bench.chain(device).upto == 3);
}

TEST_CASE(
    "only the technician's key opens health: without it the item is unopened, and judged once it is there") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const KeyFiles technician = bench.road.pki.recipient("technician-health");
    Audiences audiences;
    audiences.read.push_back(must(load_certificate(bench.road.reader.certificate)));
    audiences.health.push_back(must(load_certificate(technician.certificate)));
    device.seal_to(std::move(audiences));
    const SealedRecord read = device.seal();
    REQUIRE(read.items.size() == 1);
    const SealedItem health = device.health(record_with(3));
    bench.deliver({device.message(read.items[0]), device.message(health)});
    bench.judge_all();
    CHECK(bench.verdict(device, 1)->good());
    CHECK(bench.verdict(device, 2)->authenticity == Authenticity::unopened);
    CHECK(bench.receipt()->upto == 2);
    const EnvelopeOpener alone = bench.road.opener_with({technician});
    CHECK(alone.open_health(health.blob, now).payload->record == record_with(3));
    CHECK_FALSE(alone.open_read(read.items[0].blob, now).payload);
    bench.recipients.push_back(technician);
    bench.reload();
    bench.judge_all();
    CHECK(bench.verdict(device, 2)->good());
}
