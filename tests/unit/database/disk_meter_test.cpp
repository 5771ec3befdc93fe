#include "database/disk_meter.hpp"

#include <doctest/doctest.h>

#include "database/database.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using portcullis::test::TempDir;

TEST_CASE("a commit is counted where it is written: in the -wal file first, then in the main file") {
    const TempDir dir;
    const DiskMeter meter;
    constexpr std::uint64_t page = 4096;
    constexpr std::uint64_t frame = page + 24;
    {
        auto database = Database::open({.path = dir.path() / "n.db"});
        REQUIRE(database);
        REQUIRE(database->execute("CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT)"));
        const DiskUse main = meter.main_files();
        const DiskUse wal = meter.wal_files();
        REQUIRE(database->execute("INSERT INTO note VALUES(1, 'a')"));
        CHECK(meter.wal_files().bytes == wal.bytes + frame);
        CHECK(meter.wal_files().syncs == wal.syncs + 1);
        CHECK(meter.main_files().bytes == main.bytes);
        REQUIRE(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        CHECK(meter.main_files().bytes >= main.bytes + page);
        CHECK(meter.main_files().syncs == main.syncs + 1);
        CHECK(meter.main_files().writes > main.writes);
    }
}

TEST_CASE("without a meter databases go the usual way again") {
    const TempDir dir;
    std::uint64_t counted = 0;
    {
        const DiskMeter meter;
        REQUIRE(Database::open({.path = dir.path() / "n.db"}));
        counted = meter.main_files().bytes + meter.wal_files().bytes;
    }
    CHECK(counted > 0);
    auto database = Database::open({.path = dir.path() / "n.db"});
    REQUIRE(database);
    CHECK(database->execute("CREATE TABLE note(id INTEGER PRIMARY KEY)"));
}
