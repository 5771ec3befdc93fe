// The store as the settings name it: for the collector, and for the tools that only look.
#include <doctest/doctest.h>

#include <sys/wait.h>

#include <thread>

#include "apps/common/store_source.hpp"
#include "support/collector_settings.hpp"
#include "support/postgres.hpp"
#include "unit/seal/test_pki.hpp"
#include "wall/wall.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

CollectorSettings settings_with(const std::filesystem::path& file, const std::string& store) {
    write_collector_settings(file, store);
    return must(CollectorSettings::load(file));
}

std::string server_lines(const Postgres& server, const std::string& database) {
    return fmt::format(
        "kind = \"postgresql\"\nhost = \"{}\"\nuser = \"portcullis\"\ndatabase = \"{}\"\nquarantine_items = "
        "123",
        server.folder().string(), database);
}

}  // namespace

TEST_CASE("a store in PostgreSQL is made by the collector, and seen by the tools through its settings") {
    Postgres& server = shared_postgres();
    const TempDir folder;
    const auto file = folder.path() / "collector.toml";
    const CollectorSettings settings =
        settings_with(file, server_lines(server, server.new_database().database));
    CHECK(look_at_store(file).error().code() == ErrorCode::not_found);
    const SystemClock clock;
    Store store = must(open_store(settings.store, clock, {}));
    {
        Transaction transaction = must(store.begin());
        REQUIRE(store.chains.add("gate-1", ChainId{}, now));
        REQUIRE(transaction.commit());
    }
    Store seen = must(look_at_store(file));
    CHECK(must(seen.chains.count()) == 1);
    CHECK(open_store(settings.store, clock, {}));  // a second time it is there
}

TEST_CASE("a store in a file is found through its settings, and by its path") {
    const TempDir folder;
    const auto file = folder.path() / "collector.toml";
    const CollectorSettings settings = settings_with(file, "path = \"store.db\"");
    const SystemClock clock;
    CHECK(open_store(settings.store, clock, {}));
    CHECK(look_at_store(file));
    CHECK(look_at_store(folder.path() / "store.db"));
}

TEST_CASE("the collector waits for a server that starts beside it, unless it is to stop") {
    Postgres server;
    const TempDir folder;
    const CollectorSettings settings =
        settings_with(folder.path() / "a.toml", server_lines(server, server.new_database().database));
    const SystemClock clock;
    server.stop();
    std::stop_source stop;
    stop.request_stop();
    CHECK(open_store(settings.store, clock, stop.get_token()).error().code() == ErrorCode::closed);
    std::optional<Result<Store>> opened;
    std::jthread opening([&] { opened = open_store(settings.store, clock, {}); });
    server.start();
    opening.join();
    REQUIRE(opened);
    CHECK_MESSAGE(*opened, (*opened ? "" : opened->error().message()));
}

TEST_CASE("who has no network is told that a server is reached by its socket alone") {
    const TempDir folder;
    const auto file = folder.path() / "collector.toml";
    settings_with(file, "kind = \"postgresql\"\nhost = \"db.example\"\nca = \"ca.pem\"");
    const pid_t child = ::fork();  // a wall stays
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!deny_network()) ::_exit(2);
        const auto store = look_at_store(file);
        const bool told = !store && store.error().code() == ErrorCode::configuration &&
                          store.error().message().find("has no network") != std::string::npos;
        ::_exit(told ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
