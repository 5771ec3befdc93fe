// A key past its last day: what it signs is believed for 30 days within a chain that a key in its dates has
// confirmed, and marked; anywhere else it has lapsed. Nothing is lost either way.
#include <doctest/doctest.h>

#include "collector/ingest/ledger.hpp"
#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

// The devices' keys of the bench end ten days after `now`.
constexpr auto weeks_later = 24 * day;
constexpr auto months_later = 120 * day;

const Verdict by_expired{Authenticity::authentic, KeyTrust::expired};
const Verdict by_lapsed{Authenticity::authentic, KeyTrust::lapsed};

/// A read with its pictures and a checkpoint; the opener's views of it.
std::vector<View> passes(CollectorBench& bench, TestDevice& device) {
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    return bench.judge_all();
}

bool is_receipted(CollectorBench& bench, const TestDevice& device) {
    bench.clock.advance(min_receipt_interval);
    for (const BrokerMessage& message : bench.receipts())
        if (must(parse_receipt(must(verify_statement(message.payload, bench.collector_trust, now)).json))
                .link == device.head.link)
            return true;
    return false;
}

/// Known to ingest and opener from now on.
std::unique_ptr<FileSigningKey> renewed_key(CollectorBench& bench) {
    const KeyFiles next = bench.road.pki.issue(
        "gate-1-next", "gate-1", {.from = bench.clock.utc(), .until = bench.clock.utc() + 30 * day});
    bench.road.pki.know(next, "gate-1-next");
    bench.reload();
    return must(FileSigningKey::create(next.key, next.certificate));
}

}  // namespace

TEST_CASE("a device offline for weeks signs on with an expired key: flagged, believed within its chain") {
    CollectorBench bench;
    TestDevice device(bench.road);
    passes(bench, device);
    REQUIRE(bench.chain(device).vouched > 0);
    bench.clock.advance(weeks_later);
    const auto views = passes(bench, device);
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict == by_expired);
    CHECK(views[0].text == "AB12CDE");
    for (Seq seq = 5; seq <= 8; ++seq) {
        CAPTURE(seq);
        CHECK(bench.verdict(device, seq) == by_expired);
    }
    CHECK(bench.chain(device).confirmed == 7);
    CHECK(is_receipted(bench, device));
    CHECK(bench.verify().find("expired: gate-1") != std::string::npos);
    CHECK(bench.verify().find("lapsed: gate-1") == std::string::npos);
    // And 30 days after its last day no longer.
    bench.clock.advance(17 * day);
    CHECK(passes(bench, device).at(0).verdict == by_lapsed);
    CHECK(bench.verdict(device, 9) == by_lapsed);
}

TEST_CASE("attack: a key that expired months ago signs on a fresh chain") {
    CollectorBench bench;
    TestDevice device(bench.road);
    SUBCASE("months ago") {
        bench.clock.advance(months_later);
    }
    SUBCASE("weeks ago") {
        bench.clock.advance(weeks_later);
    }
    const auto views = passes(bench, device);
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict == by_lapsed);
    CHECK(views[0].text.empty());
    CHECK(views[0].raw.empty());
    for (Seq seq = 1; seq <= 4; ++seq) {
        CAPTURE(seq);
        CHECK(bench.verdict(device, seq) == by_lapsed);
    }
    // It proves nothing and loses nothing: if it was the device after all, its spool drains.
    CHECK(bench.chain(device).confirmed == 0);
    CHECK(bench.chain(device).proven == 0);
    CHECK(bench.chain(device).vouched == 0);
    CHECK(bench.chain(device).upto == 4);
    CHECK(is_receipted(bench, device));
    CHECK(bench.verify().find("! lapsed: gate-1") != std::string::npos);
}

TEST_CASE("attack: an expired key signs behind a gap of a chain that it does not continue") {
    CollectorBench bench;
    TestDevice device(bench.road);
    passes(bench, device);
    bench.clock.advance(weeks_later);
    const auto between = device.messages(device.seal());
    const auto views = passes(bench, device);
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict == by_lapsed);
    CHECK(views[0].text.empty());
    CHECK(bench.verdict(device, 11) == by_lapsed);
    SUBCASE("what was missing comes: it was the device") {
        bench.deliver(between);
        CHECK(bench.judge_all().size() == 2);
        for (Seq seq = 5; seq <= 11; ++seq) {
            CAPTURE(seq);
            CHECK(bench.verdict(device, seq) == by_expired);
        }
        CHECK(bench.chain(device).confirmed == 10);
    }
    SUBCASE("it does not come") {
        CHECK(bench.judge_all().empty());
        CHECK(bench.verdict(device, 8) == by_lapsed);
    }
}

TEST_CASE("a fresh chain of an expired key is believed as soon as a renewed key signs in it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.clock.advance(weeks_later);
    passes(bench, device);
    CHECK(bench.verdict(device, 1) == by_lapsed);
    const auto key = renewed_key(bench);
    device.sign_with(*key);
    CHECK(passes(bench, device).size() == 2);  // the new one, and the first one again
    for (Seq seq = 1; seq <= 4; ++seq) {
        CAPTURE(seq);
        CHECK(bench.verdict(device, seq) == by_expired);
    }
    for (Seq seq = 5; seq <= 8; ++seq) {
        CAPTURE(seq);
        CHECK(bench.verdict(device, seq)->good());
    }
    CHECK(bench.verify().find("lapsed") == std::string::npos);
}

TEST_CASE("what is lapsed by its date stays so, whoever vouches for its chain") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.clock.advance(months_later);
    passes(bench, device);
    const auto key = renewed_key(bench);
    device.sign_with(*key);
    passes(bench, device);
    CHECK(bench.verdict(device, 1) == by_lapsed);
    CHECK(bench.verdict(device, 4) == by_lapsed);
    CHECK(bench.verdict(device, 5)->good());
    CHECK(bench.judge_all().empty());
}

TEST_CASE("attack: a lapsed key declares items of a living chain as shed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    passes(bench, device);
    bench.clock.advance(weeks_later);
    device.seal();
    const Tombstone shed = device.tombstone(5, 7);
    SUBCASE("by its date") {
        bench.clock.advance(months_later);
        const BrokerMessage declared = device.message(shed);
        CHECK(bench.deliver(declared).reception == Reception::refused);
        CHECK(bench.chain(device).upto == 4);
        CHECK(bench.quarantine().at(0).verdict == by_lapsed);
        // It comes again and again, for it gets no receipt: once is kept.
        CHECK(bench.deliver(declared).reception == Reception::refused);
        CHECK(bench.quarantine().size() == 1);
        CHECK(bench.verify().find("! lapsed_tombstone: gate-1") != std::string::npos);
    }
    SUBCASE("control: an expired one, in the chain that it continues, may, and it is told") {
        CHECK(bench.deliver(device.message(shed)).reception == Reception::stored);
        CHECK(bench.chain(device).upto == 7);
        const auto gaps = bench.gaps(device, false);
        REQUIRE(gaps.size() == 1);
        CHECK(gaps[0].first == 5);
        CHECK(gaps[0].last == 7);
        CHECK(gaps[0].declared == Declared::by_expired_key);
        CHECK(bench.verify().find("shed: gate-1") != std::string::npos);
        CHECK(bench.verify().find("(3), declared by an expired key") != std::string::npos);
        CHECK(bench.verify().find("missing") == std::string::npos);
    }
}

TEST_CASE("a gap that a lapsed key declares stays open, and the ledger says who declared which part of it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    passes(bench, device);
    for (int records = 0; records < 3; ++records)
        device.seal();  // 5..13 do not come
    bench.clock.advance(months_later);
    const auto key = renewed_key(bench);
    const BrokerMessage shed = device.message(device.tombstone(6, 9));
    device.sign_with(*key);
    bench.deliver(device.message(device.checkpoint()));  // 14: the gap is proven
    CHECK(bench.deliver(shed).reception == Reception::refused);
    CHECK(bench.deliver(with_property(shed, "seq", "11")).reception == Reception::refused);
    CHECK(bench.quarantine().size() == 1);  // the hint moves nothing
    const auto open = bench.gaps(device, true);
    REQUIRE(open.size() == 1);
    CHECK(open[0].first == 5);
    CHECK(open[0].last == 13);
    const ChainReport report = bench.ledger(10).at(0);
    REQUIRE(report.missing.size() == 3);
    CHECK(report.missing[0].last == 5);
    CHECK(report.missing[1].first == 6);
    CHECK(report.missing[1].last == 9);
    CHECK(report.missing[2].first == 10);
    CHECK(report.missing[0].declared == Declared::no);
    CHECK(report.missing[1].declared == Declared::by_lapsed_key);
    CHECK(report.missing[2].declared == Declared::no);
    CHECK(bench.verify().find("seq 6 to 9 (4), declared by a lapsed key") != std::string::npos);
    CHECK(bench.chain(device).upto == 4);
    // The renewed key declares them: closed, and nothing is left of the doubt about them.
    bench.deliver(device.message(device.tombstone(5, 13)));
    CHECK(bench.chain(device).upto == 14);
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.gaps(device, false).at(0).declared == Declared::by_key);
    CHECK(bench.verify().find("missing") == std::string::npos);
    CHECK(bench.verify().find("lapsed_tombstone") == std::string::npos);
}

TEST_CASE("a tombstone of an expired key behind a gap counts when what lies before has come") {
    CollectorBench bench;
    TestDevice device(bench.road);
    passes(bench, device);
    const auto between = device.messages(device.seal());  // 5, 6, 7
    device.seal();                                        // 8, 9, 10 are shed
    const BrokerMessage shed = device.message(device.tombstone(8, 10));
    bench.clock.advance(weeks_later);
    CHECK(bench.deliver(shed).reception == Reception::refused);
    CHECK(bench.verify().find("lapsed_tombstone") != std::string::npos);
    bench.deliver(between);
    bench.judge_all();
    CHECK(bench.deliver(shed).reception == Reception::stored);
    CHECK(bench.chain(device).upto == 10);
    CHECK(bench.quarantine().empty());
    CHECK(bench.gaps(device, false).back().declared == Declared::by_expired_key);
    CHECK(bench.verify().find("lapsed_tombstone") == std::string::npos);
}

TEST_CASE("attack: a lapsed key's statement takes no place away from what waits for the opener") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    bench.clock.advance(months_later);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    TestDevice other(bench.road);
    other.seal();
    const SealedItem statement = other.checkpoint();
    REQUIRE(statement.seq == 4);
    CHECK(bench.deliver(other.message(statement)).reception == Reception::conflicting);
    const auto item = bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, 4); });
    REQUIRE(item);
    CHECK(item->digest == sha256(genuine[0].payload));
}

TEST_CASE("a read that is with the opener when its chain is vouched for is shown once more, and believed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.clock.advance(weeks_later);
    bench.deliver(device.messages(device.seal()));
    const auto in_flight = bench.to_judge(1);
    REQUIRE(in_flight.size() == 1);
    CHECK_FALSE(in_flight[0].vouched);
    const auto key = renewed_key(bench);
    device.sign_with(*key);
    bench.deliver(device.message(device.checkpoint()));
    CHECK(bench.chain(device).vouched > 0);
    must_do(bench.ingest->judged({bench.judge->judge(in_flight[0]).reply}));
    CHECK_FALSE(bench.verdict(device, 1));
    const auto views = bench.judge_all();
    REQUIRE_FALSE(views.empty());
    CHECK(views[0].text == "AB12CDE");
    CHECK(bench.verdict(device, 1) == by_expired);
}
