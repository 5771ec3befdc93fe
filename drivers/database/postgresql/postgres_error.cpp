#include "drivers/database/postgresql/postgres_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace portcullis {

namespace {

struct StateRow {
    std::string_view state;  // the SQLSTATE begins so
    ErrorCode code;
    std::string_view cure;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html; the first that fits.
constexpr StateRow rows[] = {
    {"53100", ErrorCode::exhausted, "free space on the server's disk"},
    {"53300", ErrorCode::exhausted, "the server takes no more connections; raise max_connections"},
    {"53", ErrorCode::exhausted, "the server lacks memory or another resource"},
    {"54", ErrorCode::exhausted, "the value is larger than PostgreSQL takes"},
    {"55P03", ErrorCode::timeout, "another process holds the store locked for too long; look what it does"},
    {"57014", ErrorCode::timeout, "the server took too long; look what it does"},
    {"57P05", ErrorCode::timeout, "the server took too long; look what it does"},
    {"40", ErrorCode::timeout, "it met another transaction; it is tried again"},
    {"25P03", ErrorCode::timeout, "the transaction was idle for too long; look why this process stood still"},
    {"25006", ErrorCode::denied, "the server is a standby or read only; name the primary"},
    {"57", ErrorCode::closed, "the server is going down or coming up; it is tried again"},
    {"08", ErrorCode::closed, "the connection is broken; it is made anew"},
    {"23", ErrorCode::refused, "the row breaks a rule of its table"},
    {"42501", ErrorCode::denied, "give the role of this program the database (OWNER) or the rights"},
    {"28", ErrorCode::denied, "check user, password or certificate, and the server's pg_hba.conf"},
    {"42704", ErrorCode::not_found, "make the role (createuser)"},
    {"3D000", ErrorCode::not_found, "make the database, owned by the role of this program"},
    {"42P01", ErrorCode::corrupt, "the tables are not those that this program makes"},
    {"42703", ErrorCode::corrupt, "the tables are not those that this program makes"},
    {"XX001", ErrorCode::corrupt, "the server's files are damaged"},
    {"XX002", ErrorCode::corrupt, "the server's files are damaged"},
    {"58", ErrorCode::io, "check the server's disk"},
};

std::string one_line(const char* text) {
    std::string line = text == nullptr ? "" : text;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    std::ranges::replace(line, '\n', ' ');
    std::ranges::replace(line, '\t', ' ');
    return line;
}

}  // namespace

// The primary message alone: details and context quote values of the row.
Error postgres_error(const PGresult* result) {
    const char* const field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string_view state = field == nullptr ? "" : field;
    const std::string text = one_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    for (const StateRow& row : rows)
        if (state.starts_with(row.state))
            return {row.code, fmt::format("PostgreSQL: {} ({}); {}", text, state, row.cure)};
    if (state.empty()) return {ErrorCode::closed, "PostgreSQL: the connection is broken; it is made anew"};
    return {ErrorCode::internal, fmt::format("PostgreSQL: {} ({})", text, state)};
}

Error postgres_away(const PGconn* connection) {
    if (connection == nullptr) return {ErrorCode::exhausted, "PostgreSQL: out of memory"};
    // libpq has no code for what a server said before it let anybody in.
    struct Phrase {
        std::string_view words;
        ErrorCode code;
        std::string_view cure;
    };
    static constexpr Phrase phrases[] = {
        {"authentication failed", ErrorCode::denied, "check user, password or certificate"},
        {"no password supplied", ErrorCode::denied,
         "the server wants a password; give [store] password_file"},
        {"no pg_hba.conf entry", ErrorCode::denied, "let this user and host in: the server's pg_hba.conf"},
        {"does not exist", ErrorCode::not_found, "make role and database, owned by that role"},
        {"certificate", ErrorCode::denied, "check certificates and the host's name in the server's"},
        {"session is read-only", ErrorCode::denied, "the server is a standby; name the primary"},
        {"hot standby", ErrorCode::denied, "the server is a standby; name the primary"},
        {"too many", ErrorCode::exhausted, "the server takes no more connections; raise max_connections"},
    };
    const std::string text = one_line(PQerrorMessage(connection));
    for (const Phrase& phrase : phrases)
        if (text.find(phrase.words) != std::string::npos)
            return {phrase.code, fmt::format("PostgreSQL: {}; {}", text, phrase.cure)};
    return {ErrorCode::closed, fmt::format("PostgreSQL: {}; it is tried again", text)};
}

}  // namespace portcullis
