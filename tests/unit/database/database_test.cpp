#include "database/database.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "base/file.hpp"
#include "database/schema.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using portcullis::test::TempDir;

namespace {

const Schema notes{"note book", 0x4e4f5445, 2,
                   "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT, blob BLOB) STRICT"};

Database open_notes(const std::filesystem::path& path, milliseconds busy_timeout = std::chrono::seconds(5)) {
    auto database = Database::open({.path = path, .busy_timeout = busy_timeout});
    REQUIRE(database);
    const auto adopted = adopt_schema(*database, notes);
    REQUIRE(adopted);
    return std::move(*database);
}

}  // namespace

TEST_CASE("a value comes back as it was bound, also an empty blob, NULL and hostile text") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    auto insert = database.prepare("INSERT INTO note VALUES(?, ?, ?)");
    REQUIRE(insert);
    REQUIRE(insert->run(std::uint64_t{7}, "'); DROP TABLE note; --", to_bytes(std::string_view("x\0y", 3))));
    REQUIRE(insert->run(8, nullptr, Bytes{}));
    auto rows = database.prepare("SELECT id, text, blob FROM note ORDER BY id");
    REQUIRE(rows);
    REQUIRE(rows->bind());
    REQUIRE(rows->step().value());
    CHECK(rows->count(0) == 7);
    CHECK(rows->text(1) == "'); DROP TABLE note; --");
    CHECK(as_text(rows->blob(2)) == std::string_view("x\0y", 3));
    REQUIRE(rows->step().value());
    CHECK(rows->is_null(1));
    CHECK_FALSE(rows->is_null(2));
    CHECK(rows->blob(2).empty());
    CHECK_FALSE(rows->step().value());
}

TEST_CASE("a number that no database integer holds is refused") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    auto insert = database.prepare("INSERT INTO note(id) VALUES(?)");
    REQUIRE(insert);
    const auto outcome = insert->run(std::uint64_t{1} << 63);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    {
        auto transaction = Transaction::begin(database);
        REQUIRE(transaction);
        REQUIRE(database.execute("INSERT INTO note(id) VALUES(1)"));
    }
    CHECK(database.integer("SELECT count(*) FROM note").value() == 0);
}

TEST_CASE("a broken rule of the table is refused and says so") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    REQUIRE(database.execute("INSERT INTO note(id) VALUES(1)"));
    const auto outcome = database.execute("INSERT INTO note(id) VALUES(1)");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::refused);
}

TEST_CASE("a file locked by another connection is a timeout") {
    const TempDir dir;
    Database first = open_notes(dir.path() / "n.db");
    Database second = open_notes(dir.path() / "n.db", milliseconds(1));
    auto held = Transaction::begin(first);
    REQUIRE(held);
    const auto waiting = Transaction::begin(second);
    REQUIRE_FALSE(waiting);
    CHECK(waiting.error().code() == ErrorCode::timeout);
}

TEST_CASE("data_version moves when another connection commits, not by itself") {
    const TempDir dir;
    Database first = open_notes(dir.path() / "n.db");
    Database second = open_notes(dir.path() / "n.db");
    const auto before = first.data_version().value();
    CHECK(first.data_version().value() == before);
    REQUIRE(second.execute("INSERT INTO note(id) VALUES(1)"));
    CHECK(first.data_version().value() != before);
}

TEST_CASE("a file that is no database is corrupt") {
    const TempDir dir;
    REQUIRE(write_file_atomically(dir.path() / "n.db", Bytes(8192, std::byte{0x5a})));
    const auto database = Database::open({.path = dir.path() / "n.db"});
    REQUIRE_FALSE(database);
    CHECK(database.error().code() == ErrorCode::corrupt);
}

TEST_CASE("a missing file is not_found when it may not be made") {
    const TempDir dir;
    const auto database = Database::open({.path = dir.path() / "n.db", .create = false});
    REQUIRE_FALSE(database);
    CHECK(database.error().code() == ErrorCode::not_found);
}

TEST_CASE("a missing folder is told with the path") {
    const auto database = Database::open({.path = "/nowhere/at/all/n.db"});
    REQUIRE_FALSE(database);
    CHECK(database.error().message().find("/nowhere/at/all/n.db") != std::string::npos);
}

TEST_CASE("a new file is closed to others") {
    const TempDir dir;
    const Database database = open_notes(dir.path() / "n.db");
    struct stat status {};
    REQUIRE(::stat((dir.path() / "n.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0007U) == 0);
}

TEST_CASE("a file of a newer version is unsupported and the cure is named") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    REQUIRE(database.execute("PRAGMA user_version=3"));
    const auto outcome = adopt_schema(database, notes);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::unsupported);
    CHECK(outcome.error().message().find("newer") != std::string::npos);
}

TEST_CASE("the file of another program is refused") {
    const TempDir dir;
    auto database = Database::open({.path = dir.path() / "n.db"});
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE theirs(x)"));
    const auto outcome = adopt_schema(*database, notes);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::refused);
    CHECK(database->integer("SELECT count(*) FROM sqlite_schema").value() == 1);
}

TEST_CASE("a renamed file is noticed") {
    const TempDir dir;
    const Database database = open_notes(dir.path() / "n.db");
    CHECK_FALSE(database.moved());
    std::filesystem::rename(dir.path() / "n.db", dir.path() / "away.db");
    CHECK(database.moved());
}

TEST_CASE("a damaged page is found by the integrity check") {
    const TempDir dir;
    const auto path = dir.path() / "n.db";
    {
        Database database = open_notes(path);
        auto insert = database.prepare("INSERT INTO note(blob) VALUES(?)");
        REQUIRE(insert);
        for (int i = 0; i < 50; ++i)
            REQUIRE(insert->run(Bytes(3000, std::byte{1})));
        CHECK(database.check_integrity());
    }
    Bytes bytes = read_file(path, 1 << 20).value();
    std::fill(bytes.begin() + 4096, bytes.begin() + 12288, std::byte{0xff});
    REQUIRE(write_file_atomically(path, bytes));
    auto database = Database::open({.path = path});
    REQUIRE(database);
    const auto outcome = database->check_integrity();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::corrupt);
}

TEST_CASE(
    "attack: a trigger, a view or a column slipped into the file is noticed at opening and never works") {
    const TempDir dir;
    const auto path = dir.path() / "n.db";
    Database database = open_notes(path);
    const auto slip_in = [&](const std::string& sql) {
        const std::string command = "sqlite3 " + path.string() + " \"" + sql + "\"";
        REQUIRE(std::system(command.c_str()) == 0);  // NOLINT(concurrency-mt-unsafe)
    };
    SUBCASE("trigger") {
        slip_in("CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM note; END");
        REQUIRE(database.execute("INSERT INTO note VALUES(1, 'stays', x'')"));
        CHECK(database.integer("SELECT count(*) FROM note").value() == 1);
    }
    SUBCASE("view") {
        slip_in("CREATE VIEW v AS SELECT * FROM note");
    }
    SUBCASE("column") {
        slip_in("ALTER TABLE note ADD COLUMN more TEXT DEFAULT 'x'");
    }
    SUBCASE("table") {
        slip_in("CREATE TABLE other(x)");
    }
    auto again = Database::open({.path = path});
    REQUIRE(again);
    const auto adopted = adopt_schema(*again, notes);
    REQUIRE_FALSE(adopted);
    CHECK(adopted.error().code() == ErrorCode::corrupt);
}

TEST_CASE("a file whose indexes are of an older make is adopted") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    REQUIRE(database.execute("CREATE INDEX by_text ON note(text)"));
    auto again = Database::open({.path = dir.path() / "n.db"});
    REQUIRE(again);
    CHECK(adopt_schema(*again, notes));
}

TEST_CASE("an older file is brought up to date step by step, or left as it was") {
    const TempDir dir;
    const auto path = dir.path() / "n.db";
    const Schema first{"notes", 0x11223344, 1, "CREATE TABLE a(id INTEGER PRIMARY KEY, text TEXT) STRICT;"};
    const Schema third{
        "notes",
        0x11223344,
        3,
        "CREATE TABLE a(id INTEGER PRIMARY KEY, text TEXT NOT NULL, more INTEGER) STRICT;"
        "CREATE TABLE b(a INTEGER REFERENCES a(id)) STRICT;",
        {{1, first.create, "CREATE TABLE b(a INTEGER REFERENCES a(id)) STRICT; INSERT INTO b VALUES(4)"},
         {2, first.create + "CREATE TABLE b(a INTEGER REFERENCES a(id)) STRICT;",
          "ALTER TABLE a RENAME TO old;"
          "CREATE TABLE a(id INTEGER PRIMARY KEY, text TEXT NOT NULL, more INTEGER) STRICT;"
          "INSERT INTO a SELECT id, text, 1 FROM old; DROP TABLE old"}}};
    auto database = Database::open({.path = path});
    REQUIRE(database);
    REQUIRE(adopt_schema(*database, first));
    SUBCASE("all rows come along, and foreign keys hold again") {
        REQUIRE(database->execute("INSERT INTO a VALUES(4, 'four')"));
        REQUIRE(adopt_schema(*database, third));
        CHECK(database->integer("SELECT more FROM a WHERE text = 'four'").value() == 1);
        CHECK(database->integer("PRAGMA user_version").value() == 3);
        CHECK_FALSE(database->execute("INSERT INTO b VALUES(99)"));
        CHECK(adopt_schema(*database, third));
    }
    SUBCASE("a step that fails undoes all of them") {
        REQUIRE(database->execute("INSERT INTO a VALUES(4, NULL)"));
        CHECK_FALSE(adopt_schema(*database, third));
        CHECK(database->integer("PRAGMA user_version").value() == 1);
        CHECK(adopt_schema(*database, first));
    }
    SUBCASE("rows that refer to nothing are noticed") {
        const auto outcome = adopt_schema(*database, third);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code() == ErrorCode::corrupt);
        CHECK(database->integer("PRAGMA user_version").value() == 1);
    }
}

TEST_CASE("a statement that is used again carries nothing over: no value, no row, no snapshot") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    const auto insert = [&](std::string_view text) {
        auto statement = database.prepare("INSERT INTO note(text) VALUES(?)");
        REQUIRE(statement);
        REQUIRE(statement->run(text));
    };
    const auto first_text = [&]() -> std::string {
        auto rows = database.prepare("SELECT text FROM note ORDER BY id");
        REQUIRE(rows);
        REQUIRE(rows->bind());
        REQUIRE(rows->step().value());
        return std::string(rows->text(0));  // further rows are left unread
    };
    insert("one");
    insert("two");
    CHECK(first_text() == "one");
    CHECK(first_text() == "one");
    {
        // Whoever forgets to bind finds NULL, not what was bound before.
        auto rows = database.prepare("SELECT count(*) FROM note WHERE text = ?");
        REQUIRE(rows);
        REQUIRE(rows->bind("one"));
        REQUIRE(rows->step().value());
        CHECK(rows->integer(0) == 1);
    }
    auto unbound = database.prepare("SELECT count(*) FROM note WHERE text = ?");
    REQUIRE(unbound);
    REQUIRE(unbound->step().value());
    CHECK(unbound->integer(0) == 0);
    unbound->reset();
    // An unfinished read would keep the -wal file from being worked off.
    CHECK(database.integer("PRAGMA wal_checkpoint(TRUNCATE)").value() == 0);
}

TEST_CASE("the same statement may be in use twice, and outlive its database") {
    const TempDir dir;
    std::optional<Statement> orphan;
    {
        Database database = open_notes(dir.path() / "n.db");
        REQUIRE(database.execute("INSERT INTO note(id) VALUES(1), (2)"));
        constexpr auto sql = "SELECT id FROM note ORDER BY id";
        auto outer = database.prepare(sql);
        REQUIRE(outer);
        REQUIRE(outer->bind());
        int met = 0;
        while (outer->step().value()) {
            auto inner = database.prepare(sql);
            REQUIRE(inner);
            REQUIRE(inner->bind());
            while (inner->step().value())
                ++met;
        }
        CHECK(met == 4);
        orphan.emplace(std::move(*database.prepare(sql)));
    }
    REQUIRE(orphan->bind());
    CHECK(orphan->step().value());
}

TEST_CASE("a statement that is used again sees a table that was made anew, and one that failed works again") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    const auto insert = [&](std::int64_t id) -> Result<void> {
        auto statement = TRY(database.prepare("INSERT INTO note(id) VALUES(?)"));
        return statement.run(id);
    };
    REQUIRE(insert(1));
    const auto twice = insert(1);
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code() == ErrorCode::refused);
    REQUIRE(insert(2));
    REQUIRE(database.execute("DROP TABLE note; CREATE TABLE note(id INTEGER PRIMARY KEY, more TEXT) STRICT"));
    REQUIRE(insert(1));
    CHECK(database.integer("SELECT count(*) FROM note").value() == 1);
}

TEST_CASE("a pragma is asked anew each time, and more statements than are kept work all the same") {
    const TempDir dir;
    Database database = open_notes(dir.path() / "n.db");
    REQUIRE(database.execute("PRAGMA user_version=7"));
    CHECK(database.integer("PRAGMA user_version").value() == 7);
    REQUIRE(database.execute("PRAGMA user_version=8"));
    CHECK(database.integer("PRAGMA user_version").value() == 8);
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 300; ++i)
            CHECK(database.integer(fmt::format("SELECT {}", i)).value() == i);
}
