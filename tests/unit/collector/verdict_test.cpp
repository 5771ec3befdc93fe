// What a hostile broker or a stranger does to records, and the verdict that each act gets, end to end: sealed
// by the device's own code, through ingest, opened by the judge.
#include <doctest/doctest.h>

#include "collector/ingest/ledger.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr Verdict good{Authenticity::authentic, KeyTrust::trusted};

}  // namespace

TEST_CASE("an honest record is stored, judged authentic, shown and receipted") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto received = bench.deliver(device.messages(device.seal()));
    for (const Received& one : received)
        CHECK(one.reception == Reception::stored);
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 1);
    CHECK(views[0].text == "AB12CDE");
    CHECK(views[0].published == "AB12CDE");
    CHECK(views[0].raw == "AB1ZCDE");
    CHECK(views[0].jurisdiction.code == "gb");
    CHECK(views[0].jurisdiction.confidence == 0.75F);
    CHECK(views[0].media.size() == 2);
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(bench.verdict(device, seq) == good);
    const auto receipt = bench.receipt();
    REQUIRE(receipt);
    CHECK(receipt->upto == 3);
    CHECK(receipt->link == device.head.link);
    CHECK(receipt->device == "gate-1");
}

TEST_CASE("one flipped byte: damaged, out of its place, and the genuine one is taken when it comes again") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver({with_flipped_byte(messages[0]), messages[1], messages[2]});
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict.authenticity == Authenticity::damaged);
    CHECK(views[0].text.empty());
    CHECK(views[0].published.empty());
    CHECK(views[0].raw.empty());
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].verdict.authenticity == Authenticity::damaged);
    CHECK(bench.chain(device).upto == 0);

    bench.deliver(messages);
    CHECK(bench.judge_all().size() == 1);
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(bench.verdict(device, seq) == good);
    CHECK(bench.receipt()->link == device.head.link);
}

TEST_CASE("two swapped records: both misplaced, and both right when they come to their own places") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const SealedItem first = device.seal().items[0];
    const SealedItem second = device.seal().items[0];
    BrokerMessage swapped_first = device.message(first);
    BrokerMessage swapped_second = device.message(second);
    std::swap(swapped_first.payload, swapped_second.payload);
    bench.deliver({swapped_first, swapped_second});
    for (const View& view : bench.judge_all()) {
        CHECK(view.verdict.authenticity == Authenticity::misplaced);
        CHECK(view.text.empty());
    }
    CHECK(bench.quarantine().size() == 2);
    bench.deliver({device.message(first), device.message(second)});
    CHECK(bench.judge_all().size() == 2);
    CHECK(bench.verdict(device, first.seq) == good);
    CHECK(bench.verdict(device, second.seq) == good);
}

TEST_CASE("one dropped record: missing, as soon as a signed statement proves that it was there") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    device.seal();  // swallowed on the way
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    auto report = bench.ledger(10).at(0);
    REQUIRE(report.missing.size() == 1);
    CHECK(report.missing[0].first == 4);
    CHECK(report.missing[0].last == 6);
    CHECK(report.late.empty());
    CHECK(bench.receipt()->upto == 3);
    device.seal();  // swallowed too
    bench.deliver(device.messages(device.seal())[2]);
    report = bench.ledger(10).at(0);
    CHECK(report.missing.size() == 1);  // nothing signed says so of the last ones: a picture proves nothing
    REQUIRE(report.late.size() == 1);
    CHECK(report.late[0].first == 10);
    CHECK(report.late[0].last == 14);
    bench.deliver(device.message(device.checkpoint()));
    report = bench.ledger(10).at(0);
    CHECK(report.missing.size() == 2);
    CHECK(report.late.empty());
}

TEST_CASE("one replayed record: a duplicate in its own place, misplaced in any other") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    bench.judge_all();
    const Received again = bench.deliver(messages[0]);
    CHECK(again.reception == Reception::duplicate);
    CHECK(again.verdict->authenticity == Authenticity::duplicate);
    bench.deliver(with_property(messages[0], "seq", "4"));
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict.authenticity == Authenticity::misplaced);
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 3);
    CHECK(bench.chain(device).upto == 3);
}

TEST_CASE("a record signed by a stranger's key: forged by a stranger, and no text is shown") {
    CollectorBench bench;
    Request request;
    request.ca = "stranger-ca";
    const KeyFiles files = bench.road.pki.issue("stranger", "gate-1", request);
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    TestDevice stranger(bench.road, *key, "gate-1");
    bench.deliver(stranger.messages(stranger.seal())[0]);
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 1);
    CHECK(views[0].verdict.authenticity == Authenticity::forged);
    CHECK(views[0].verdict.key_trust == KeyTrust::stranger);
    CHECK(views[0].text.empty());
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 0);
}
