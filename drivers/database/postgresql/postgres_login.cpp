#include "drivers/database/postgresql/postgres_login.hpp"

#include <fmt/format.h>

#include <utility>

#include "drivers/database/postgresql/postgres_connection.hpp"
#include "drivers/database/postgresql/postgres_error.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

using Words = std::vector<std::pair<const char*, std::string>>;

constexpr int least_version = 140000;  // pipelines; pg_xact_status of 64 bits
constexpr std::size_t password_limit_bytes = 1024;
constexpr std::string_view keep_alive_s = "15";
constexpr std::string_view give_up_ms = "30000";  // of what was sent and not acknowledged

bool is_socket(const PostgresSettings& settings) {
    return settings.host.starts_with('/');
}

Result<std::string> password_of(const PostgresSettings& settings) {
    if (settings.password_file.empty()) return std::string();
    const Bytes bytes = TRY(read_secret_file(settings.password_file, password_limit_bytes, "password"));
    const std::string_view text = as_text(bytes);
    return std::string(text.substr(0, text.find_first_of("\r\n")));
}

/// What libpq would take from the environment is said here, so that it takes nothing from there.
Result<Words> words_of(const PostgresSettings& settings) {
    std::string password = TRY(password_of(settings));
    Words words{{"host", settings.host},
                {"port", std::to_string(settings.port)},
                {"dbname", settings.database},
                {"user", settings.user},
                {"password", std::move(password)},
                {"passfile", "/dev/null/none"},
                {"client_encoding", "UTF8"},
                {"application_name", "portcullis"},
                {"options", ""},
                {"gssencmode", "disable"},
                {"target_session_attrs", "read-write"},
                {"connect_timeout", std::to_string(settings.connect_limit.count())},
                {"keepalives_idle", std::string(keep_alive_s)},
                {"tcp_user_timeout", std::string(give_up_ms)}};
    if (is_socket(settings)) {
        words.emplace_back("sslmode", "disable");
        return words;
    }
    if (settings.ca.empty())
        return fail(ErrorCode::configuration,
                    "over the network PostgreSQL is spoken to by TLS alone: give the server's CA, or the "
                    "folder of its socket as host");
    words.emplace_back("sslmode", "verify-full");
    words.emplace_back("ssl_min_protocol_version", "TLSv1.3");
    words.emplace_back("sslrootcert", settings.ca.string());
    words.emplace_back("sslcert", settings.certificate.string());
    words.emplace_back("sslkey", settings.key.string());
    return words;
}

std::string session_sql(const PostgresSettings& settings) {
    return fmt::format(
        "SET synchronous_commit = on; SET lock_timeout = {}; SET statement_timeout = {}; "
        "SET idle_in_transaction_session_timeout = {}; SET search_path = portcullis, pg_temp; "
        "SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'; "
        "SELECT current_setting('fsync') || ' ' || current_setting('full_page_writes') || ' ' || "
        "current_setting('server_encoding')",
        milliseconds(settings.lock_limit).count(), milliseconds(settings.statement_limit).count(),
        milliseconds(settings.idle_limit).count());
}

Result<void> check_server(PGconn* connection, const PostgresSettings& settings) {
    if (PQserverVersion(connection) < least_version)
        return fail(ErrorCode::unsupported, "PostgreSQL {} is too old; 14 or newer is needed",
                    PQserverVersion(connection) / 10000);
    const PostgresResult answer(PQexec(connection, session_sql(settings).c_str()));
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return fail(postgres_error(answer.get()));
    if (std::string_view(PQgetvalue(answer.get(), 0, 0)) == "on on UTF8") return {};
    return fail(ErrorCode::refused,
                "fsync, full_page_writes and server_encoding of this PostgreSQL are '{}'; receipts promise "
                "what only 'on on UTF8' keeps",
                PQgetvalue(answer.get(), 0, 0));
}

}  // namespace

Result<std::unique_ptr<PGconn, FreePostgres>> log_in(const PostgresSettings& settings) {
    const Words words = TRY(words_of(settings));
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : words) {
        names.push_back(name);
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    std::unique_ptr<PGconn, FreePostgres> connection(PQconnectdbParams(names.data(), values.data(), 0));
    if (PQstatus(connection.get()) != CONNECTION_OK) return fail(postgres_away(connection.get()));
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    TRY(check_server(connection.get(), settings));
    if (PQenterPipelineMode(connection.get()) != 1) return fail(postgres_away(connection.get()));
    return connection;
}

}  // namespace portcullis
