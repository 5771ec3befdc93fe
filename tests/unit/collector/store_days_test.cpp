// Partitions by day of a store in PostgreSQL.
#include <doctest/doctest.h>

#include "collector/ingest/schema.hpp"
#include "collector/ingest/store.hpp"
#include "support/postgres.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Shelf {
    SystemClock clock;
    PostgresSettings settings = shared_postgres().new_database();
    std::unique_ptr<PostgresConnection> look = connected();
    Store store = Store::over(connected(), {});
    RowId chain = 0;

    Shelf() {
        Transaction transaction = must(store.begin());
        chain = must(store.chains.add("gate-1", ChainId{}, now)).id;
        REQUIRE(transaction.commit());
    }
    std::unique_ptr<PostgresConnection> connected() const {
        auto connection = must(PostgresConnection::connect(settings, clock));
        REQUIRE(connection->adopt(store_tables()));
        return connection;
    }
    RowId add(Seq seq) {
        ItemRow item;
        item.chain_id = chain;
        item.seq = seq;
        item.digest = sha256(as_bytes("blob"));
        item.received_at = now;
        Transaction transaction = must(store.begin());
        const RowId id = must(store.items.add(item, as_bytes("blob")));
        REQUIRE(transaction.commit());
        return id;
    }
    [[nodiscard]] std::int64_t rows_in(const std::string& table) const {
        return must(look->integer("SELECT count(*) FROM " + table));
    }
};

}  // namespace

TEST_CASE("PostgreSQL: an item's blob stands in the partition of the day on which it came") {
    Shelf shelf;
    const DayNumber today =
        must(shelf.look->integer("SELECT CAST(floor(extract(epoch FROM now()) / 86400) AS BIGINT)"));
    const RowId first = shelf.add(1);
    // Beside midnight the server's day may have changed meanwhile.
    const DayNumber day = first >> 32;
    CHECK(day >= today);
    CHECK(day <= today + 1);
    CHECK(shelf.rows_in(fmt::format("blob_{}", day)) == 1);
    CHECK(shelf.rows_in("blob_rest") == 0);
    CHECK(must(shelf.store.items.blob(first)).size() == 4);
}

TEST_CASE("PostgreSQL: with a new day ids go on growing, and the day before goes with its partition") {
    Shelf shelf;
    const RowId first = shelf.add(1);
    const DayNumber day = first >> 32;
    StoreDays days(*shelf.look);  // of another ingest, whose server is a few days further on
    REQUIRE(days.open(day + 3));
    CHECK(days.newest() == day + 3);
    const RowId second = shelf.add(2);
    CHECK((second >> 32) == day + 3);
    REQUIRE(days.open(day + 3));  // opened twice is opened
    REQUIRE(days.open(day + 1));  // a clock that went back
    CHECK(shelf.add(3) == second + 1);
    CHECK(shelf.rows_in(fmt::format("blob_{}", day + 3)) == 2);
    REQUIRE(shelf.look->execute(fmt::format("DROP TABLE blob_{}", day)));
    CHECK(must(shelf.store.items.blob(second)).size() == 4);
    CHECK(shelf.store.items.blob(first).error().code() == ErrorCode::corrupt);
    CHECK(must(shelf.store.items.find(first))->digest == sha256(as_bytes("blob")));  // the chain goes on
}
