// What is PostgreSQL's alone: how texts are written, who gets in, and what a batch costs.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>

#include "drivers/database/postgresql/postgres_text.hpp"
#include "support/postgres.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const SqlTables things{"things", 1, "CREATE TABLE thing(name TEXT)"};

ErrorCode refused_as(const PostgresSettings& settings) {
    const SystemClock clock;
    const auto connection = PostgresConnection::connect(settings, clock);
    REQUIRE_FALSE(connection);
    MESSAGE(connection.error().message());
    return connection.error().code();
}

}  // namespace

TEST_CASE("places are numbered outside of quoted texts") {
    CHECK(with_numbered_places("SELECT '?', a FROM t WHERE b = ? AND c = ?") ==
          "SELECT '?', a FROM t WHERE b = $1 AND c = $2");
    CHECK(with_numbered_places("SELECT 1") == "SELECT 1");
}

TEST_CASE("what PostgreSQL takes for no text is made into some") {
    using namespace std::string_literals;
    CHECK(as_database_text("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x97") ==
          "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x97");
    CHECK(as_database_text("a\0b"s) == "a?b");
    CHECK(as_database_text("\xff\xc3") == std::string(2, '?'));             // no lead byte; cut off
    CHECK(as_database_text("\xc0\x80") == std::string(2, '?'));             // zero in two bytes
    CHECK(as_database_text("\xed\xa0\x80x") == std::string(3, '?') + "x");  // a surrogate
    CHECK(as_database_text("\xf4\x90\x80\x80") == std::string(4, '?'));     // above the last character
    CHECK(as_database_text("\xe2\x28\xa1") == "?(?");
}

TEST_CASE("hostile text stops no batch") {
    using namespace std::string_literals;
    const SystemClock clock;
    auto connection = PostgresConnection::connect(shared_postgres().new_database(), clock);
    REQUIRE(connection);
    REQUIRE((*connection)->adopt(things));
    auto insert = (*connection)->prepare("INSERT INTO thing(name) VALUES(?)");
    REQUIRE(insert);
    CHECK(insert->run("a\0\xff"s));
    CHECK(*(*connection)->integer("SELECT count(*) FROM thing WHERE length(name) = 3") == 1);
}

TEST_CASE("a write waits for no answer, and a batch of them for one") {
    const SystemClock clock;
    auto connection = PostgresConnection::connect(shared_postgres().new_database(), clock);
    REQUIRE(connection);
    REQUIRE((*connection)->adopt(things));
    const std::uint64_t before = (*connection)->round_trips();
    auto transaction = Transaction::begin(**connection);
    REQUIRE(transaction);
    CHECK((*connection)->round_trips() == before + 1);
    auto insert = (*connection)->prepare("INSERT INTO thing(name) VALUES(?)");
    for (int i = 0; i < 100; ++i)
        REQUIRE(insert->run(std::to_string(i)));
    CHECK((*connection)->round_trips() == before + 1);
    CHECK(transaction->commit());
    CHECK((*connection)->round_trips() == before + 2);
    CHECK(*(*connection)->integer("SELECT count(*) FROM thing") == 100);
}

TEST_CASE("more writes than are kept under way are all kept") {
    const SystemClock clock;
    auto connection = PostgresConnection::connect(shared_postgres().new_database(), clock);
    REQUIRE(connection);
    REQUIRE((*connection)->adopt({"things", 1, "CREATE TABLE thing(name TEXT, bytes BYTEA)"}));
    auto transaction = Transaction::begin(**connection);
    auto insert = (*connection)->prepare("INSERT INTO thing(name, bytes) VALUES(?, ?)");
    const Bytes picture(100'000, std::byte{7});
    for (int i = 0; i < 600; ++i)
        REQUIRE(insert->run(std::to_string(i), ByteView(picture)));
    CHECK(transaction->commit());
    CHECK(*(*connection)->integer("SELECT count(*) FROM thing WHERE length(bytes) = 100000") == 600);
}

TEST_CASE("who does not get in is told why") {
    Postgres server;
    PostgresSettings settings = server.new_database();
    {
        PostgresSettings other = settings;
        other.database = "nowhere";
        CHECK(refused_as(other) == ErrorCode::not_found);
        other = settings;
        other.user = "nobody-we-know";
        CHECK(refused_as(other) == ErrorCode::not_found);
        other = settings;
        other.host = "127.0.0.1";
        CHECK(refused_as(other) == ErrorCode::configuration);  // no TLS without a CA
    }
    const SystemClock clock;
    auto owner = PostgresConnection::connect(settings, clock);
    REQUIRE(owner);
    REQUIRE((*owner)->execute("CREATE ROLE guest LOGIN PASSWORD 'right'"));
    std::ofstream(server.data() / "pg_hba.conf")
        << "local all portcullis trust\nlocal all guest scram-sha-256\n";
    REQUIRE((*owner)->execute("SELECT pg_reload_conf()"));
    settings.user = "guest";
    REQUIRE(wait_until([&] { return !PostgresConnection::connect(settings, clock); }));
    CHECK(refused_as(settings) == ErrorCode::denied);
    const TempDir folder;
    settings.password_file = folder.path() / "password";
    std::ofstream(settings.password_file) << "wrong\n";
    ::chmod(settings.password_file.c_str(), 0600);
    CHECK(refused_as(settings) == ErrorCode::denied);
    std::ofstream(settings.password_file) << "right\n";
    auto guest = PostgresConnection::connect(settings, clock);
    REQUIRE(guest);
    CHECK((*guest)->adopt(things).error().code() ==
          ErrorCode::denied);  // makes nothing in a database of others
    ::chmod(settings.password_file.c_str(), 0644);
    CHECK_FALSE(PostgresConnection::connect(settings, clock));
}

TEST_CASE("tables of another version are refused, and an empty database is told apart") {
    const SystemClock clock;
    auto connection = PostgresConnection::connect(shared_postgres().new_database(), clock);
    REQUIRE(connection);
    CHECK((*connection)->check(things).error().code() == ErrorCode::not_found);
    REQUIRE((*connection)->adopt(things));
    CHECK((*connection)->adopt(things));
    CHECK((*connection)->check(things));
    SqlTables newer = things;
    newer.version = 2;
    CHECK((*connection)->adopt(newer).error().code() == ErrorCode::unsupported);
    CHECK((*connection)->check(newer).error().code() == ErrorCode::unsupported);
    CHECK((*connection)->check({"others", 1, ""}).error().code() == ErrorCode::not_found);
}

TEST_CASE(
    "tables of an older version are brought up to date by their owner, step by step and all or nothing") {
    const SystemClock clock;
    const PostgresSettings settings = shared_postgres().new_database();
    auto owner = PostgresConnection::connect(settings, clock);
    REQUIRE(owner);
    REQUIRE((*owner)->adopt(things));
    REQUIRE(
        (*owner)->execute("INSERT INTO thing(name) VALUES('old'); GRANT ALL ON SCHEMA portcullis TO PUBLIC; "
                          "GRANT ALL ON ALL TABLES IN SCHEMA portcullis TO PUBLIC"));
    const std::string second = "ALTER TABLE thing ADD COLUMN size BIGINT NOT NULL DEFAULT 7";
    const SqlTables third{"things", 3, "", {second, "ALTER TABLE thing RENAME COLUMN size TO length"}};
    CHECK((*owner)->check(third).error().code() == ErrorCode::unsupported);

    REQUIRE((*owner)->execute("CREATE ROLE stranger LOGIN"));
    {
        PostgresSettings other = settings;
        other.user = "stranger";
        auto stranger = PostgresConnection::connect(other, clock);
        REQUIRE(stranger);
        CHECK((*stranger)->adopt(third).error().code() == ErrorCode::unsupported);
    }
    CHECK_FALSE((*owner)->adopt({"things", 3, "", {second, "no SQL"}}));
    CHECK((*owner)->adopt(things));  // as it was

    REQUIRE((*owner)->adopt(third));
    CHECK((*owner)->adopt(third));
    CHECK((*owner)->check(third));
    CHECK(*(*owner)->integer("SELECT length FROM thing WHERE name = 'old'") == 7);
    CHECK((*owner)->adopt(things).error().code() == ErrorCode::unsupported);
    CHECK(wait_until([&] { return (*owner)->execute("DROP ROLE stranger").has_value(); }));
}

TEST_CASE("a server that would forget what it acknowledged is refused") {
    Postgres server;
    const SystemClock clock;
    const PostgresSettings settings = server.new_database();
    {
        auto connection = PostgresConnection::connect(settings, clock);
        REQUIRE(connection);
        REQUIRE((*connection)->execute("ALTER SYSTEM SET fsync = off"));
        REQUIRE((*connection)->execute("SELECT pg_reload_conf()"));
    }
    REQUIRE(wait_until([&] { return !PostgresConnection::connect(settings, clock); }));
    CHECK(refused_as(settings) == ErrorCode::refused);
}
