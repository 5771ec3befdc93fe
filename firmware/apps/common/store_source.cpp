#include "apps/common/store_source.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "collector/ingest/schema.hpp"
#include "database/database.hpp"
#include "database/schema.hpp"
#include "drivers/database/postgresql/postgres_connection.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::seconds away_limit{60};
constexpr milliseconds between_tries{500};

using Section = CollectorSettings::StoreSection;

bool is_server(const Section& settings) {
    return settings.kind == CollectorSettings::StoreKind::postgresql;
}

PostgresSettings server_settings(const Section::Server& section) {
    PostgresSettings server;
    server.host = section.host;
    server.port = section.port;
    server.database = section.database;
    server.user = section.user;
    server.password_file = section.password_file;
    server.ca = section.ca;
    server.certificate = section.certificate;
    server.key = section.key;
    return server;
}

QuarantineLimits limits_of(const Section& settings) {
    return {settings.quarantine_items, settings.quarantine_bytes};
}

/// Beside a server that starts at the same time.
Result<std::unique_ptr<PostgresConnection>> connect(const Section& settings, const Clock& clock,
                                                    const std::stop_token& stop) {
    const BootTime limit = clock.since_boot() + away_limit;
    for (;;) {
        auto connection = PostgresConnection::connect(server_settings(settings.server), clock);
        const bool away = !connection && connection.error().code() == ErrorCode::closed;
        if (!away || stop.stop_requested() || clock.since_boot() > limit) return connection;
        log_warning("collector", "{}", connection.error().message());
        std::this_thread::sleep_for(between_tries);
    }
}

bool has_network() {
    return std::ranges::any_of(std::initializer_list<int>{AF_INET, AF_INET6}, [](int family) {
        return static_cast<bool>(UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    });
}

/// Told before libpq says it in other words.
Result<void> check_reach(const Section::Server& server) {
    if (server.host.starts_with('/') || has_network()) return {};
    return fail(ErrorCode::configuration,
                "store.host: '{}': what has keys has no network; name the folder of the server's socket, or "
                "of one that is passed on to it",
                server.host);
}

Result<std::unique_ptr<PostgresConnection>> connect_as_owner(const Section& settings,
                                                             const std::string& owner) {
    static const SystemClock clock;
    if (!is_server(settings))
        return fail(ErrorCode::configuration, "store.kind: a file is made by the collector itself");
    PostgresSettings server = server_settings(settings.server);
    server.user = owner;
    server.password_file.clear();
    server.certificate.clear();
    server.key.clear();
    return PostgresConnection::connect(std::move(server), clock);
}

Result<void> check_owner(PostgresConnection& connection, const std::string& ingest) {
    Statement owned = TRY(
        connection.prepare("SELECT count(*) FROM pg_class WHERE relnamespace = 'portcullis'::regnamespace "
                           "AND pg_get_userbyid(relowner) = CAST(? AS TEXT)"));
    TRY(owned.bind(ingest));
    TRY(owned.step());
    if (owned.integer(0) == 0) return {};
    return fail(ErrorCode::configuration,
                "'{}' owns tables of the store and can drop them; REASSIGN OWNED BY it to another role",
                ingest);
}

}  // namespace

Result<Store> open_store(const Section& settings, const Clock& clock, const std::stop_token& stop) {
    if (!is_server(settings)) return Store::open({settings.path, limits_of(settings), true});
    auto connection = TRY(connect(settings, clock, stop));
    TRY(connection->adopt(store_tables()));
    return Store::over(std::move(connection), limits_of(settings));
}

Result<void> make_store(const Section& settings, const std::string& owner,
                        const std::vector<std::string>& readers) {
    const std::string& ingest = settings.server.user;
    if (owner == ingest || std::ranges::count(readers, ingest) > 0 || std::ranges::count(readers, owner) > 0)
        return fail(ErrorCode::configuration, "owner, collector ('{}') and readers are different roles",
                    ingest);
    auto connection = TRY(connect_as_owner(settings, owner));
    TRY(connection->adopt(store_tables()));
    TRY(check_owner(*connection, ingest));
    return connection->execute(store_rights({ingest, readers}));
}

Result<std::vector<CopiedTable>> move_store(const std::filesystem::path& from, const Section& settings,
                                            const std::string& owner) {
    auto connection = TRY(connect_as_owner(settings, owner));
    TRY(connection->check(store_tables()));
    Database file =
        TRY(Database::open({.path = from, .create = false, .read_only = true, .untouched = true}));
    TRY(with_context(check_schema(file, store_schema()), from.string()));
    return copy_store(file, *connection);
}

Result<Store> look_at_store(const std::filesystem::path& place) {
    static const SystemClock clock;
    if (place.extension() != ".toml") return Store::open({place, {}, false});
    const Section settings = TRY(CollectorSettings::load(place))
    .store;
    if (!is_server(settings)) return Store::open({settings.path, limits_of(settings), false});
    TRY(check_reach(settings.server));
    auto connection = TRY(PostgresConnection::connect(server_settings(settings.server), clock));
    TRY(connection->check(store_tables()));
    return Store::over(std::move(connection), limits_of(settings));
}

}  // namespace portcullis
