#include "database/statement.hpp"

#include <limits>

#include "base/assert.hpp"
#include "database/sqlite_error.hpp"
#include "database/statement_cache.hpp"

namespace portcullis {

void Statement::GiveBack::operator()(sqlite3_stmt* statement) const {
    if (const auto idle = cache.lock())
        idle->give_back(statement);
    else
        sqlite3_finalize(statement);
}

Result<void> Statement::check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return {};
    return fail(sqlite_error(code, sqlite3_db_handle(statement_.get()), "database"));
}

Result<void> Statement::begin(std::size_t parameters) {
    PORTCULLIS_ASSERT(parameters == static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_.get())));
    reset();
    return {};
}

// sqlite3_reset repeats the error of the step before it, which step() has told already.
void Statement::reset() {
    sqlite3_reset(statement_.get());
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    Result<void> outcome = check(code);
    // Reset also at the end of the rows: a finished read must not hold back the checkpoint of the -wal file.
    reset();
    if (!outcome) return fail(std::move(outcome.error()));
    return false;
}

Result<void> Statement::finish() {
    while (TRY(step())) {
    }
    return {};
}

Result<void> Statement::set(int place, std::int64_t value) {
    return check(sqlite3_bind_int64(statement_.get(), place, value));
}

Result<void> Statement::set(int place, std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail(ErrorCode::invalid_argument, "{} does not fit into a database integer", value);
    return set(place, static_cast<std::int64_t>(value));
}

Result<void> Statement::set(int place, std::string_view value) {
    return check(sqlite3_bind_text64(statement_.get(), place, value.empty() ? "" : value.data(), value.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8));
}

// A null pointer would bind NULL: an empty blob is not the same.
Result<void> Statement::set(int place, ByteView value) {
    if (value.empty()) return check(sqlite3_bind_zeroblob(statement_.get(), place, 0));
    return check(sqlite3_bind_blob64(statement_.get(), place, value.data(), value.size(), SQLITE_TRANSIENT));
}

Result<void> Statement::set(int place, std::nullptr_t) {
    return check(sqlite3_bind_null(statement_.get(), place));
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::count(int column) const {
    const std::int64_t value = integer(column);
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

std::string_view Statement::text(int column) const {
    const void* text = sqlite3_column_text(statement_.get(), column);
    if (text == nullptr) return {};
    return {static_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

ByteView Statement::blob(int column) const {
    const void* blob = sqlite3_column_blob(statement_.get(), column);
    if (blob == nullptr) return {};
    return {static_cast<const std::byte*>(blob),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace portcullis
