// `portcullis store make`: who may do what in a store in PostgreSQL.
#include "apps/portcullis/store_command.hpp"

#include <doctest/doctest.h>

#include "apps/common/store_source.hpp"
#include "support/collector_settings.hpp"
#include "support/command_run.hpp"
#include "support/postgres.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A database as its administrator hands it over: a role that owns it, one that is to store, one that is to
/// look.
struct Hall {
    TempDir folder;
    std::string owner = "owner-of-all";
    std::string ingest = "in \"quotes\"";
    std::string reader = "looker";
    std::string database;
    std::filesystem::path settings = folder.path() / "collector.toml";

    Hall() {
        for (const char* role : {"\"owner-of-all\"", "\"in \"\"quotes\"\"\"", "looker"}) {
            shared_postgres().execute(fmt::format("DROP ROLE IF EXISTS {0}", role));
            shared_postgres().execute(fmt::format("CREATE ROLE {} LOGIN", role));
        }
        database = shared_postgres().new_database().database;
        shared_postgres().execute(fmt::format("ALTER DATABASE {} OWNER TO \"owner-of-all\"", database));
        write(ingest);
    }
    Hall(const Hall&) = delete;
    Hall& operator=(const Hall&) = delete;
    ~Hall() { shared_postgres().execute(fmt::format("DROP DATABASE {} WITH (FORCE)", database)); }

    void write(const std::string& user) const {
        write_collector_settings(
            settings, fmt::format("kind = \"postgresql\"\nhost = \"{}\"\nuser = '{}'\ndatabase = \"{}\"",
                                  shared_postgres().folder().string(), user, database));
    }
    [[nodiscard]] Outcome make(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"make", "--config", settings.string(), "--owner", owner});
        return run_command(&add_store_command, "store", more);
    }
    [[nodiscard]] std::unique_ptr<PostgresConnection> as(const std::string& role) const {
        static const SystemClock clock;
        PostgresSettings connection = shared_postgres().settings(database);
        connection.user = role;
        return must(PostgresConnection::connect(std::move(connection), clock));
    }
    [[nodiscard]] std::optional<ErrorCode> refused(const std::string& role, const std::string& sql) const {
        const Result<void> done = as(role)->execute(sql);
        if (done) return std::nullopt;
        return done.error().code();
    }
};

}  // namespace

TEST_CASE("store make: the collector's role stores, and makes, changes and drops nothing else") {
    const Hall hall;
    const Outcome made = hall.make({"--reader", hall.reader});
    CHECK_MESSAGE(made.code == 0, made.out);
    const SystemClock clock;
    const CollectorSettings settings = must(CollectorSettings::load(hall.settings));
    Store store = must(open_store(settings.store, clock, {}));
    {
        Transaction transaction = must(store.begin());  // today's partition as well
        REQUIRE(store.chains.add("gate-1", ChainId{}, now));
        REQUIRE(transaction.commit());
    }
    for (const char* sql :
         {"UPDATE item SET digest = 'x'", "UPDATE item SET received_at = 0", "UPDATE chain SET device = 'x'",
          "UPDATE blob SET bytes = 'x'", "UPDATE tombstone SET last = 1", "DELETE FROM tombstone",
          "DELETE FROM device", "UPDATE receipt SET at = 0", "TRUNCATE blob", "DROP TABLE blob",
          "DROP TABLE blob_rest", "CREATE TABLE another(name TEXT)", "UPDATE format SET version = 9",
          "ALTER TABLE item DROP COLUMN verdict_at", "CREATE SCHEMA another"}) {
        CAPTURE(sql);
        CHECK(hall.refused(hall.ingest, sql) == ErrorCode::denied);
    }
    CHECK(hall.refused(hall.ingest, "SELECT open_day(1000000)"));  // no day far ahead
}

TEST_CASE("store make: who only looks sees everything and writes nothing") {
    const Hall hall;
    REQUIRE(hall.make({"--reader", hall.reader}).code == 0);
    hall.write(hall.reader);
    Store store = must(look_at_store(hall.settings));
    CHECK(must(store.chains.count()) == 0);
    for (const char* sql : {"DELETE FROM chain", "INSERT INTO note(name, value) VALUES('a', 'b')",
                            "SELECT open_day(1)", "SELECT nextval('item_id')"}) {
        CAPTURE(sql);
        CHECK(hall.refused(hall.reader, sql) == ErrorCode::denied);
    }
}

TEST_CASE("store make, again: rights are set anew, and what a role had more is taken") {
    const Hall hall;
    REQUIRE(hall.make().code == 0);
    CHECK_FALSE(hall.refused(hall.ingest, "DELETE FROM gap"));
    CHECK(hall.refused(hall.reader, "SELECT 1 FROM portcullis.gap") == ErrorCode::denied);
    hall.write(hall.reader);  // the collector is another one from now on
    const Outcome again = hall.make({"--reader", hall.ingest});
    CHECK_MESSAGE(again.code == 0, again.out);
    CHECK_FALSE(hall.refused(hall.reader, "DELETE FROM gap"));
    CHECK(hall.refused(hall.ingest, "DELETE FROM gap") == ErrorCode::denied);
    CHECK(hall.refused(hall.ingest, "SELECT open_day(1)") == ErrorCode::denied);
}

TEST_CASE("store make brings tables of an older version up to date, which the collector itself may not") {
    const Hall hall;
    REQUIRE(hall.make().code == 0);
    REQUIRE(hall.as(hall.owner)
                ->execute("DROP TABLE audience; ALTER TABLE item DROP COLUMN audience; "
                          "UPDATE format SET version = 1"));
    const SystemClock clock;
    const CollectorSettings settings = must(CollectorSettings::load(hall.settings));
    const auto refused = open_store(settings.store, clock, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::unsupported);
    CHECK(refused.error().message().find("store make") != std::string::npos);
    const Outcome made = hall.make({"--reader", hall.reader});
    CHECK_MESSAGE(made.code == 0, made.out);
    Store store = must(open_store(settings.store, clock, {}));
    CHECK(must(store.items.audiences()).empty());
    CHECK_FALSE(hall.refused(hall.ingest, "INSERT INTO audience(keys) VALUES('a')"));
    CHECK(hall.refused(hall.ingest, "UPDATE audience SET keys = 'b'") == ErrorCode::denied);
    CHECK_FALSE(hall.refused(hall.reader, "SELECT keys FROM audience"));
    CHECK(hall.refused(hall.reader, "DELETE FROM audience") == ErrorCode::denied);
}

TEST_CASE("store make is refused with the cure where its rights would be worth nothing") {
    const Hall hall;
    hall.write(hall.owner);
    CHECK(hall.make().code == 2);  // the collector would own its tables
    hall.write(hall.ingest);
    CHECK(hall.make({"--reader", hall.ingest}).code == 2);
    const Outcome nobody = hall.make({"--reader", "nobody-we-know"});
    CHECK(nobody.code == 1);
    CHECK(nobody.out.find("createuser") != std::string::npos);
    write_collector_settings(hall.settings, "path = \"store.db\"");
    CHECK(hall.make().out.find("store.kind") != std::string::npos);
}

TEST_CASE("store make is refused where the collector has made the tables itself and owns them") {
    const Hall hall;
    shared_postgres().execute(fmt::format("ALTER DATABASE {} OWNER TO \"in \"\"quotes\"\"\"", hall.database));
    const SystemClock clock;
    const CollectorSettings settings = must(CollectorSettings::load(hall.settings));
    REQUIRE(open_store(settings.store, clock, {}));
    const Outcome refused = run_command(
        &add_store_command, "store", {"make", "--config", hall.settings.string(), "--owner", "portcullis"});
    CHECK(refused.code == 2);
    CHECK(refused.out.find("REASSIGN OWNED BY") != std::string::npos);
}
