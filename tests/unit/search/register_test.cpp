// What the opener enters into its plate index, and when.
#include "collector/opener/plate_register.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <fstream>

#include "database/database.hpp"
#include "support/fault_vfs.hpp"
#include "unit/collector/server_bench.hpp"
#include "unit/search/plates.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// An opener with an index, and its collector.
struct Desk {
    ServerBench bench{::geteuid(), 10, true};
    PacketStream collector = bench.connect(bench.ingest_path);

    Desk() { CHECK(collector.receive(milliseconds(0))); }
    OpenReply judge(const SealedItem& item) { return bench.ask(collector, bench.request(item)); }
    [[nodiscard]] EnvelopeOpener keys() const {
        return bench.road.opener_with({bench.road.reader, bench.road.evidence});
    }
    [[nodiscard]] std::vector<IndexedPassage> found(const std::string& plate) const {
        return plates_in(bench.index_path, keys(), plate);
    }
};

}  // namespace

TEST_CASE("a read that is judged is in the index when its verdict is given, and before a viewer has it") {
    Desk desk;
    PacketStream viewer = desk.bench.connect(desk.bench.views_path);
    must_do(viewer.send(to_packet(look()), patience));
    desk.bench.turn();
    const SealedRecord record = desk.bench.device.seal();
    must_do(desk.collector.send(to_packet(desk.bench.request(record.items[0])), patience));
    // One turn answers the collector and shows the read.
    must_do(desk.bench.server.step(milliseconds(0)));
    const auto found = desk.found("AB12CDE");
    REQUIRE(found.size() == 1);
    CHECK(found[0].device == "gate-1");
    CHECK(found[0].chain == desk.bench.device.head.chain);
    CHECK(found[0].seq == record.items[0].seq);
    CHECK(found[0].captured == now);
    CHECK(found[0].lane == "lane-1");
    CHECK(must(parse_open_reply(must(desk.collector.receive(milliseconds(0))))).verdict.good());
    CHECK(must(parse_view(must(viewer.receive(milliseconds(0))))).text == "AB12CDE");
    CHECK(desk.bench.server.counters().indexed == 1);
}

TEST_CASE("a read that is judged twice is indexed once, and what gives no view is not indexed") {
    Desk desk;
    const SealedRecord record = desk.bench.device.seal();
    for (int i = 0; i < 2; ++i)
        for (const SealedItem& item : record.items)
            CHECK(desk.judge(item).outcome == OpenOutcome::judged);
    CHECK(rows_in(desk.bench.index_path) == 1);
    const SealedItem next = desk.bench.device.seal().items[0];
    for (const bool claim : {false, true}) {
        OpenRequest request = desk.bench.request(next);
        (claim ? request.claim : request.again) = true;
        static_cast<void>(desk.bench.ask(desk.collector, request));
    }
    OpenRequest elsewhere = desk.bench.request(next);
    elsewhere.seq = 99;
    CHECK(desk.bench.ask(desk.collector, elsewhere).verdict.authenticity == Authenticity::misplaced);
    CHECK(rows_in(desk.bench.index_path) == 1);
    CHECK(desk.judge(next).verdict.good());
    CHECK(rows_in(desk.bench.index_path) == 2);
}

TEST_CASE("reads that come together are answered in order, each in the index before its answer") {
    Desk desk;
    std::vector<SealedItem> items;
    for (int i = 0; i < 5; ++i)
        items.push_back(desk.bench.device.seal().items[0]);
    for (const SealedItem& item : items)
        must_do(desk.collector.send(to_packet(desk.bench.request(item)), patience));
    must_do(desk.bench.server.step(milliseconds(0)));
    CHECK(desk.bench.server.counters().indexed == 5);
    CHECK(desk.found("AB12CDE").size() == 5);
    for (const SealedItem& item : items) {
        const OpenReply reply = must(parse_open_reply(must(desk.collector.receive(milliseconds(0)))));
        CHECK(reply.id == desk.bench.request(item).id);
        CHECK(reply.verdict.good());
    }
}

TEST_CASE("one that cannot be entered keeps no other out") {
    TempDir folder;
    Road road;
    const FakeClock clock{now};
    const EnvelopeOpener keys = road.opener_with({road.reader});
    PlateRegister plates = must(PlateRegister::create(folder.path() / "index.db", clock));
    plates.use_keys(keys);
    const std::string recipient = keys.recipients().at(0);
    for (const char* text : {"AB12CDE", "A TEXT THAT IS LONGER THAN ANY PLATE", "ZZ99ZZZ"}) {
        IndexedPassage passage;
        passage.device = "gate-1";
        passage.seq = std::string_view(text).size() + static_cast<Seq>(text[0]);
        passage.captured = now;
        passage.text = text;
        plates.note(passage, recipient);
    }
    CHECK(plates.entered() == 0);
    plates.enter_noted();
    CHECK(plates.entered() == 2);
    CHECK(plates.missed() == 1);
    plates.enter_noted();
    CHECK(plates.missed() == 1);
}

TEST_CASE("where a device's clock is in doubt its passage counts from its receipt") {
    Desk desk;
    desk.bench.device.clock = UtcTime(std::chrono::seconds(60));
    desk.bench.device.clock_quality = ClockQuality::none;
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.clock == ClockDoubt::unset);
    const auto found = desk.found("AB12CDE");
    REQUIRE(found.size() == 1);
    CHECK(found[0].captured == now);
}

TEST_CASE("when an epoch's key is gone its rows are, too") {
    Desk desk;
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    CHECK(rows_in(desk.bench.index_path) == 1);
    desk.bench.server.replace_keys(desk.bench.road.opener_with({desk.bench.road.evidence}));
    desk.bench.turn();
    CHECK(rows_in(desk.bench.index_path) == 0);
    CHECK(desk.found("AB12CDE").empty());
    desk.bench.server.replace_keys(desk.keys());
    for (int hello = 0; hello < 2; ++hello)
        CHECK(parse_hello(must(desk.collector.receive(milliseconds(0)))));
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    CHECK(rows_in(desk.bench.index_path) == 1);
}

TEST_CASE("what was entered is settled a second later") {
    Desk desk;
    const auto settled = [&] {
        return must(must(Database::open({.path = desk.bench.index_path}))
                        .integer("SELECT unsettled FROM state")) == 0;
    };
    CHECK(settled());
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    desk.bench.turn();
    CHECK_FALSE(settled());
    desk.bench.clock.advance(settle_after);
    desk.bench.turn();
    CHECK(settled());
}

TEST_CASE("an index whose disk is full costs no verdict and no view, and its hole is told") {
    FaultVfs disk;
    Desk desk;
    disk.fail({FaultVfs::Call::write, SQLITE_FULL, 1, true});
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    REQUIRE(disk.struck());
    disk.mend();
    CHECK(desk.bench.server.counters().unindexed == 1);
    CHECK(desk.bench.server.counters().indexed == 0);
    PacketStream viewer = desk.bench.connect(desk.bench.views_path);
    must_do(viewer.send(to_packet(look(1)), patience));
    desk.bench.turn();
    CHECK(must(parse_view(must(viewer.receive(milliseconds(0))))).text == "AB12CDE");
    desk.bench.clock.advance(std::chrono::minutes(1));
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    CHECK(holes_in(desk.bench.index_path).back() == IndexHole{now, now + std::chrono::minutes(1)});
    CHECK(desk.found("AB12CDE").size() == 1);
}

TEST_CASE("rows that could not be deleted for a full disk are deleted when there is room") {
    FaultVfs disk;
    Desk desk;
    CHECK(desk.judge(desk.bench.device.seal().items[0]).verdict.good());
    desk.bench.clock.advance(settle_after);
    desk.bench.turn();
    disk.fail({FaultVfs::Call::write, SQLITE_FULL, 1, true});
    desk.bench.server.replace_keys(desk.bench.road.opener_with({desk.bench.road.evidence}));
    desk.bench.turn();
    REQUIRE(disk.struck());
    disk.mend();
    desk.bench.turn();
    CHECK(rows_in(desk.bench.index_path) == 1);  // not tried with each turn
    desk.bench.clock.advance(settle_after);
    desk.bench.turn();
    CHECK(rows_in(desk.bench.index_path) == 0);
}

TEST_CASE("a damaged index is begun anew, one of a newer version is left alone") {
    const TempDir folder;
    const FakeClock clock(now);
    const std::filesystem::path path = folder.path() / "index.db";
    std::ofstream(path) << std::string(8192, 'x');
    {
        PlateRegister plates = must(PlateRegister::create(path, clock));
        CHECK(must(plates.index().rows()) == 0);
    }
    must_do(must(Database::open({.path = path})).execute("PRAGMA user_version = 99"));
    CHECK(PlateRegister::create(path, clock).error().code() == ErrorCode::unsupported);
    CHECK(PlateRegister::create(folder.path() / "no" / "index.db", clock).error().code() == ErrorCode::io);
}
