// Keys and certificates that come late: what was receipted is never lost, what could not be opened is looked
// at again.
#include <doctest/doctest.h>

#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A device gate-1 whose certificate nobody has told the collector yet.
struct LateDevice {
    explicit LateDevice(CollectorBench& collector)
        : bench(collector),
          files(bench.road.pki.issue("late", "gate-1")),
          key(must(FileSigningKey::create(files.key, files.certificate))),
          device(bench.road, *key, "gate-1") {}

    void certificate_comes() const {
        bench.road.pki.know(files, "late");
        bench.reload();
    }

    CollectorBench& bench;
    KeyFiles files;
    std::unique_ptr<FileSigningKey> key;
    TestDevice device;
};

void check_all_good(CollectorBench& bench, const TestDevice& device, Seq last) {
    CHECK(bench.chain(device).upto == last);
    CHECK(bench.chain(device).upto_link == device.links[last]);
    for (Seq seq = 1; seq <= last; ++seq) {
        CAPTURE(seq);
        const auto verdict = bench.verdict(device, seq);
        REQUIRE(verdict);
        CHECK(verdict->good());
    }
}

/// Junk of outsiders for other places, far more than quarantine takes.
void overflow_quarantine(CollectorBench& bench) {
    TestDevice other(bench.road);
    other.head.chain = must(chain_from_string("00000000000000aa"));
    const auto genuine = other.messages(other.seal());
    bench.deliver(genuine);
    bench.judge_all();
    for (int seq = 4; seq < 44; ++seq) {
        const std::string place = std::to_string(seq);
        bench.deliver(with_property(junk_like(bench.road, genuine[0]), "seq", place));
        bench.judge_all();
    }
    CHECK(bench.receipt());
}

}  // namespace

TEST_CASE("a device whose certificate comes an hour late loses nothing") {
    CollectorBench bench;
    LateDevice late(bench);
    TestDevice& device = late.device;
    bench.deliver(device.messages(device.seal()));
    // The receipt is given before the opener has looked: from here on the device has nothing of it any more.
    CHECK(bench.receipt()->link == device.links[3]);
    std::vector<BrokerMessage> unreceipted{device.message(device.checkpoint())};
    for (const BrokerMessage& message : device.messages(device.seal()))
        unreceipted.push_back(message);
    CHECK(bench.deliver(unreceipted).at(0).verdict->key_trust == KeyTrust::stranger);
    bench.judge_all();
    CHECK_FALSE(bench.verdict(device, 1));
    CHECK_FALSE(bench.receipt());

    SUBCASE("") {}
    SUBCASE("although the quarantine overflowed meanwhile") {
        bench.settings.quarantine.rows = 16;
        bench.restart();
        overflow_quarantine(bench);
    }
    SUBCASE("although the collector was killed meanwhile") {
        bench.restart();
    }
    bench.clock.advance(std::chrono::hours(1));
    late.certificate_comes();
    bench.judge_all();
    CHECK(bench.verdict(device, 1)->good());
    bench.deliver(unreceipted);  // as a device does that still has it
    bench.judge_all();
    check_all_good(bench, device, 7);
    CHECK(bench.chain(device).confirmed == 4);
    CHECK(bench.receipt()->link == device.links[7]);
}

TEST_CASE("what lost its place after a receipt is like any other once its place is confirmed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver({junk_like(bench.road, genuine[0]), genuine[1], genuine[2]});
    CHECK(bench.receipt()->upto == 3);
    bench.judge_all();
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].kept);
    bench.deliver(genuine[0]);
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(device).confirmed == 3);
    REQUIRE(bench.quarantine().size() == 1);
    CHECK_FALSE(bench.quarantine()[0].kept);
}

TEST_CASE("junk that got receipts and lost its place fills nobody's disk: its device gets no more promises") {
    CollectorBench bench;
    bench.settings.quarantine.kept_rows = 5;
    bench.restart();
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    for (int i = 0; i < 20; ++i) {
        bench.deliver(junk_like(bench.road, genuine[0]));
        bench.judge_all();
    }
    CHECK(bench.quarantine().size() == 5 + max_claims_per_place);
    CHECK(bench.chain_or_none(device) == std::nullopt);
    bench.deliver(genuine);
    CHECK_FALSE(bench.receipt());
    bench.judge_all();
    // A signed link settles the places, and the promises go on.
    bench.deliver(device.message(device.checkpoint()));
    CHECK(bench.receipt()->link == device.links[4]);
    check_all_good(bench, device, 4);
}

TEST_CASE("a second recipient's key opens what the lost one cannot") {
    CollectorBench bench;
    bench.recipients = {bench.road.evidence};  // the reader's key is lost
    bench.restart();
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 1);
    CHECK(views[0].text.empty());
    CHECK(bench.verdict(device, 1)->authenticity == Authenticity::unopened);
    CHECK(bench.receipt()->upto == 4);
    SUBCASE("an hour later") {
        bench.clock.advance(std::chrono::hours(1));
    }
    SUBCASE("a month later, when the device's certificate has run out") {
        bench.clock.advance(std::chrono::hours(30 * 24));
    }
    SUBCASE("after a restart") {
        bench.restart();
    }
    bench.recipients = {bench.road.evidence, bench.road.reader};
    bench.reload();
    const auto opened = bench.judge_all();
    REQUIRE(opened.size() == 1);
    CHECK(opened[0].text == "AB12CDE");
    check_all_good(bench, device, 4);
}

TEST_CASE("the same keys again look at nothing again") {
    CollectorBench bench;
    bench.recipients = {bench.road.evidence};
    bench.restart();
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    CHECK(bench.judge_all().size() == 1);
    bench.reload();
    CHECK(bench.judge_all().empty());
    bench.restart();
    CHECK(bench.judge_all().empty());
}

TEST_CASE("a checkpoint of an unknown key is a claim: a later signed link puts it in its place") {
    CollectorBench bench;
    LateDevice late(bench);
    TestDevice& device = late.device;
    TestDevice known(bench.road);  // the same device and chain, with the certificate that is known
    const SealedRecord record = known.seal();
    device.head = known.head;
    device.links = known.links;
    bench.deliver(known.messages(record));
    bench.judge_all();
    const SealedItem checkpoint = device.checkpoint();
    CHECK(bench.deliver(device.message(checkpoint)).reception == Reception::refused);
    CHECK(bench.quarantine().at(0).reason == QuarantineReason::unverified);
    known.head = device.head;
    known.links = device.links;
    bench.deliver(known.messages(known.seal()));
    bench.judge_all();
    CHECK(bench.chain(known).upto == 7);
    CHECK(bench.verdict(known, 4)->key_trust == KeyTrust::stranger);
    CHECK(bench.receipt()->link == known.links[7]);
}

TEST_CASE("a tombstone of a key that comes to be known later declares its gap") {
    CollectorBench bench;
    LateDevice late(bench);
    TestDevice& device = late.device;
    const auto first = device.messages(device.seal());
    bench.deliver({first[0], first[1]});
    CHECK(bench.deliver(device.message(device.tombstone(3, 3))).reception == Reception::refused);
    bench.judge_all();
    late.certificate_comes();
    bench.judge_all();
    CHECK(bench.chain(device).upto == 3);
    CHECK(bench.chain(device).upto_link == device.links[3]);
}

TEST_CASE("a statement that waited for a place is judged by ingest, never offered to the opener") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const SealedItem checkpoint = device.checkpoint();
    BrokerMessage junk = junk_like(bench.road, device.message(checkpoint));
    junk.topic = "lpr/v1/dev/gate-1/read";
    bench.deliver(with_property(junk, "kind", "read"));
    bench.judge_all();  // condemned: the place is free
    bench.deliver(with_property(with_flipped_byte(junk), "kind", "read"));
    bench.restart();
    ChainRow chain = bench.chain(device);
    // As a claim of whom nobody has judged anything: what a promotion leaves.
    ItemRow item;
    item.chain_id = chain.id;
    item.seq = 5;
    item.kind = ItemKind::checkpoint;
    item.digest = sha256(checkpoint.blob);
    item.received_at = now;
    CHECK(bench.store().items.add(item, checkpoint.blob));
    for (const OpenRequest& request : bench.to_judge(16))
        CHECK(request.kind != ItemKind::checkpoint);
    CHECK_FALSE(bench.verdict(device, 5));  // signed for seq 4: misplaced, condemned
}

TEST_CASE(
    "a statement whose key comes to be known later and that holds nothing is refused, and is no claim") {
    CollectorBench bench;
    LateDevice late(bench);
    TestDevice& device = late.device;
    device.seal();
    const BrokerMessage elsewhere = with_property(device.message(device.checkpoint()), "seq", "9");
    CHECK(bench.deliver(elsewhere).reception == Reception::refused);
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].reason == QuarantineReason::unverified);
    late.certificate_comes();
    bench.judge_all();
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].reason == QuarantineReason::refused);
    CHECK_FALSE(bench.chain_or_none(device));
}

TEST_CASE("a tombstone whose key comes to be known when it has lapsed declares nothing") {
    CollectorBench bench;
    LateDevice late(bench);
    TestDevice& device = late.device;
    const auto first = device.messages(device.seal());
    bench.deliver({first[0], first[1]});
    bench.clock.advance(120 * day);
    CHECK(bench.deliver(device.message(device.tombstone(3, 3))).reception == Reception::refused);
    late.certificate_comes();
    bench.judge_all();
    CHECK(bench.chain(device).upto == 2);
    const auto rows = bench.quarantine();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].reason == QuarantineReason::refused);
}

TEST_CASE("what comes while the second look walks is not looked at twice") {
    CollectorBench bench;
    bench.recipients = {bench.road.evidence};
    bench.restart();
    TestDevice device(bench.road);
    for (int i = 0; i < 24; ++i) {  // more rows than one step takes
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
    }
    bench.recipients = {bench.road.reader, bench.road.evidence};
    bench.reload();
    static_cast<void>(bench.to_judge(0));
    CHECK(bench.ingest->looking_again());
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    bench.deliver(device.message(device.checkpoint()));
    check_all_good(bench, device, 76);
}
