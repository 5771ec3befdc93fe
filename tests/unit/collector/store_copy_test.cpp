// A store carried from its file into PostgreSQL: the same in every row, and the collector goes on with it.
#include "collector/ingest/store_copy.hpp"

#include <doctest/doctest.h>

#include "apps/portcullis/store_command.hpp"
#include "collector/ingest/schema.hpp"
#include "database/database.hpp"
#include "support/collector_settings.hpp"
#include "support/command_run.hpp"
#include "support/postgres.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A file with something in each table: records, a gap that is declared, junk, a conflict, receipts, a life.
struct Move {
    CollectorBench bench;
    TestDevice device{bench.road};
    SystemClock clock;
    PostgresSettings server = shared_postgres().new_database();
    std::filesystem::path settings = bench.road.pki.folder() / "moved.toml";

    Move() {
        LifeStatement life;
        life.reason = LifeReason::made;
        life.boots = 1;
        bench.deliver(device.message(device.life(life)));
        const std::vector<BrokerMessage> first = device.messages(device.seal());
        bench.deliver(first);
        bench.judge_all();
        bench.deliver(junk_like(bench.road, first[0]));
        bench.deliver(with_property(first[1], "seq", "77"));
        static_cast<void>(device.seal());  // lost on the way
        const Tombstone lost = device.tombstone(5, 7);
        bench.deliver(device.messages(device.seal()));
        bench.deliver(device.message(lost));
        CHECK(bench.receipt());
        bench.deliver(device.message(device.checkpoint()));
        bench.judge_all();
        bench.look_round(true);
        bench.ingest.reset();
        write_collector_settings(
            settings, fmt::format("kind = \"postgresql\"\nhost = \"{}\"\nuser = \"mover\"\ndatabase = \"{}\"",
                                  server.host, server.database));
    }
    [[nodiscard]] Outcome copy() const {
        return run_command(
            &add_store_command, "store",
            {"copy", bench.file.string(), "--config", settings.string(), "--owner", server.user});
    }
    [[nodiscard]] std::unique_ptr<PostgresConnection> connected() const {
        auto connection = must(PostgresConnection::connect(server, clock));
        must_do(connection->adopt(store_tables()));
        return connection;
    }
    [[nodiscard]] Store moved() const { return Store::over(connected(), {}); }
};

}  // namespace

TEST_CASE("store copy: each row is there again, and verify and the ledger say the same of it") {
    Move move;
    const auto target = move.connected();
    const Outcome outcome = move.copy();
    REQUIRE_MESSAGE(outcome.code == 0, outcome.out);
    Database file = must(Database::open({.path = move.bench.file}));
    for (const std::string table : {"chain", "item", "blob", "tombstone", "gap", "quarantine", "incident",
                                    "receipt", "device", "note", "life", "audience"}) {
        CAPTURE(table);
        const std::string count = fmt::format("SELECT count(*) FROM {}", table);
        CHECK(must(file.integer(count)) > 0);
        CHECK(must(file.integer(count)) == must(target->integer(count)));
    }
    Store before = must(Store::open({move.bench.file, {}, false}));
    Store after = move.moved();
    CHECK(must(before.items.audiences()) == must(after.items.audiences()));
    CHECK(text_of(must(verify_store(before, 100))) == text_of(must(verify_store(after, 100))));
}

TEST_CASE("store copy: the collector goes on where its file ended, with ids above all that were copied") {
    Move move;
    static_cast<void>(move.connected());
    REQUIRE(move.copy().code == 0);
    CollectorBench& bench = move.bench;
    bench.ingest =
        std::make_unique<Ingest>(move.moved(), bench.road.trust(), *bench.receipt_key, bench.clock);
    bench.ingest->opener_keys_are(bench.judge->keys());
    const Seq before = bench.chain(move.device).upto;
    bench.deliver(move.device.messages(move.device.seal()));
    bench.deliver(move.device.message(move.device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(move.device).upto == before + 4);
    CHECK(bench.chain(move.device).confirmed == before + 3);  // what the checkpoint signed
    CHECK((must(bench.store().items.newest_id()) >> 32) > 0);
    CHECK(bench.receipt()->upto == before + 4);
    const KeyFiles files = bench.road.pki.device("gate-2");
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    bench.reload();
    TestDevice other(bench.road, *key, "gate-2");
    bench.deliver(other.messages(other.seal()));  // a chain's id is no other's
    CHECK(bench.verify().find("altered") == std::string::npos);
}

TEST_CASE("store copy is refused where something is already, and leaves nothing when it fails") {
    Move move;
    CHECK(move.copy().code == 1);  // nobody has made the tables
    const auto target = move.connected();
    must_do(target->execute("ALTER TABLE life ADD CHECK (chain_id < 0)"));
    CHECK(move.copy().code == 1);
    CHECK(must(target->integer("SELECT count(*) FROM item")) == 0);
    must_do(target->execute("ALTER TABLE life DROP CONSTRAINT life_chain_id_check"));
    REQUIRE(move.copy().code == 0);
    const Outcome again = move.copy();
    CHECK(again.code == 1);
    CHECK(again.out.find("not empty") != std::string::npos);
}
