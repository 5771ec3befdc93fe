// A server that goes away: nothing is lost, nothing doubled, and it is found again.
#include <doctest/doctest.h>

#include <thread>

#include "support/fake_clock.hpp"
#include "support/postgres.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Things {
    Postgres server;
    FakeClock clock;
    PostgresSettings settings = server.new_database();
    std::unique_ptr<PostgresConnection> connection = connected();

    Things() { REQUIRE(connection->adopt({"things", 1, "CREATE TABLE thing(name TEXT)"})); }

    std::unique_ptr<PostgresConnection> connected() const {
        auto made = PostgresConnection::connect(settings, clock);
        REQUIRE_MESSAGE(made, made.error().message());
        return std::move(*made);
    }
    Result<void> add(const std::string& name) const {
        auto insert = TRY(connection->prepare("INSERT INTO thing(name) VALUES(?)"));
        return insert.run(name);
    }
    [[nodiscard]] std::int64_t count() const {
        const auto other = connected();
        const auto rows = other->integer("SELECT count(*) FROM thing");
        REQUIRE(rows);
        return *rows;
    }
    /// The server ends this connection's backend.
    void cut() const {
        const auto other = connected();
        REQUIRE(
            other->execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND pid <> pg_backend_pid()"));
        REQUIRE(wait_until([&] {
            return other->integer("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                       .value_or(0) == 1;
        }));
    }
};

}  // namespace

TEST_CASE("a connection that died between two transactions is made anew without anybody noticing") {
    Things things;
    things.cut();
    auto transaction = Transaction::begin(*things.connection);
    REQUIRE_MESSAGE(transaction, transaction.error().message());
    CHECK(things.add("a"));
    CHECK(transaction->commit());
    CHECK(things.count() == 1);
    CHECK(things.connection->lives() == 2);
}

TEST_CASE("a transaction whose connection dies is not kept, and the next one is") {
    Things things;
    {
        auto transaction = Transaction::begin(*things.connection);
        REQUIRE(transaction);
        REQUIRE(things.add("a"));
        things.cut();
        const bool asked = things.connection->integer("SELECT count(*) FROM thing").has_value();
        CHECK_FALSE(asked);
        CHECK_FALSE(things.add("b"));
        CHECK_FALSE(transaction->commit());
    }
    CHECK(things.count() == 0);
    auto transaction = Transaction::begin(*things.connection);
    REQUIRE(transaction);
    REQUIRE(things.add("c"));
    CHECK(transaction->commit());
    CHECK(things.count() == 1);
}

TEST_CASE("a commit that finds its connection dead is asked after: it was not kept") {
    Things things;
    {
        auto transaction = Transaction::begin(*things.connection);
        REQUIRE(transaction);
        REQUIRE(things.add("a"));
        things.cut();
        const auto outcome = transaction->commit();
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message().find("is not known") == std::string::npos);
    }
    CHECK(things.count() == 0);
}

TEST_CASE("a commit whose answer is lost is asked after: it was kept") {
    Things things;
    // The server has the commit on its disk and waits for a standby that never comes: so its answer can be
    // cut off.
    const auto other = things.connected();
    REQUIRE(other->execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
    REQUIRE(other->execute("SELECT pg_reload_conf()"));
    REQUIRE(wait_until([&] {
        return other->integer("SELECT CAST(current_setting('synchronous_standby_names') = 'nobody' AS INT)")
                   .value_or(0) == 1;
    }));
    auto transaction = Transaction::begin(*things.connection);
    REQUIRE(transaction);
    REQUIRE(things.add("a"));
    Result<void> outcome;
    std::jthread committing([&] { outcome = transaction->commit(); });
    constexpr auto waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    CHECK(wait_until(
        [&] { return other->integer(std::string("SELECT count(*) ") + waiting).value_or(0) == 1; }));
    CHECK(other->execute(std::string("SELECT pg_terminate_backend(pid) ") + waiting));
    committing.join();
    CHECK(outcome);
    CHECK(things.connection->lives() == 2);
    CHECK(things.count() == 1);
}

TEST_CASE("while the server is away all fails at once, and it is tried again by and by") {
    Things things;
    things.server.stop();
    CHECK(Transaction::begin(*things.connection).error().code() == ErrorCode::closed);
    things.server.start();
    const auto at_once = Transaction::begin(*things.connection);
    REQUIRE_FALSE(at_once);  // the clock stands still: its time has not come
    CHECK(at_once.error().code() == ErrorCode::closed);
    things.clock.advance(things.settings.back_off_limit);
    CHECK(Transaction::begin(*things.connection));
}

TEST_CASE(
    "a server that crashes in the midst of a transaction comes back with what was committed, and no more") {
    Things things;
    {
        auto transaction = Transaction::begin(*things.connection);
        REQUIRE(transaction);
        REQUIRE(things.add("kept"));
        REQUIRE(transaction->commit());
    }
    {
        auto transaction = Transaction::begin(*things.connection);
        REQUIRE(transaction);
        REQUIRE(things.add("not kept"));
        things.server.crash();
        things.server.start();
        CHECK_FALSE(transaction->commit());
    }
    CHECK(things.count() == 1);
    things.clock.advance(things.settings.back_off_limit);
    auto transaction = Transaction::begin(*things.connection);
    REQUIRE(transaction);
    REQUIRE(things.add("later"));
    CHECK(transaction->commit());
    CHECK(things.count() == 2);
}
