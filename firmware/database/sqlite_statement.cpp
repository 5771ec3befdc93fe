#include "database/sqlite_statement.hpp"

#include <sqlite3.h>

#include <utility>

#include "base/assert.hpp"
#include "database/sqlite_error.hpp"

namespace portcullis {

SqliteStatement::~SqliteStatement() {
    sqlite3_finalize(statement_);
}

void SqliteStatement::clear() {
    reset();
    sqlite3_clear_bindings(statement_);
}

Result<void> SqliteStatement::check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return {};
    return fail(sqlite_error(code, sqlite3_db_handle(statement_), "database"));
}

Result<void> SqliteStatement::begin(std::size_t parameters) {
    PORTCULLIS_ASSERT(parameters == static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_)));
    reset();
    return {};
}

// sqlite3_reset repeats the error of the step before it, which step() has told already.
void SqliteStatement::reset() {
    at_id_ = false;
    sqlite3_reset(statement_);
}

/// The row that RETURNING id would give, or none when nothing was inserted.
Result<bool> SqliteStatement::step_to_id() {
    if (std::exchange(at_id_, false)) return false;
    const int code = sqlite3_step(statement_);
    Result<void> outcome = check(code);
    reset();
    if (!outcome) return fail(std::move(outcome.error()));
    at_id_ = sqlite3_changes64(sqlite3_db_handle(statement_)) > 0;
    return at_id_;
}

Result<bool> SqliteStatement::step() {
    if (gives_id_) return step_to_id();
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    Result<void> outcome = check(code);
    // Reset also at the end of the rows: a finished read must not hold back the checkpoint of the -wal file.
    reset();
    if (!outcome) return fail(std::move(outcome.error()));
    return false;
}

Result<void> SqliteStatement::finish() {
    while (TRY(step())) {
    }
    return {};
}

Result<std::uint64_t> SqliteStatement::finish_counted() {
    TRY(finish());
    return static_cast<std::uint64_t>(sqlite3_changes64(sqlite3_db_handle(statement_)));
}

Result<void> SqliteStatement::set(int place, std::int64_t value) {
    return check(sqlite3_bind_int64(statement_, place, value));
}

Result<void> SqliteStatement::set(int place, std::string_view value) {
    return check(sqlite3_bind_text64(statement_, place, value.empty() ? "" : value.data(), value.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8));
}

// A null pointer would bind NULL: an empty blob is not the same.
Result<void> SqliteStatement::set(int place, ByteView value) {
    if (value.empty()) return check(sqlite3_bind_zeroblob(statement_, place, 0));
    return check(sqlite3_bind_blob64(statement_, place, value.data(), value.size(), SQLITE_TRANSIENT));
}

Result<void> SqliteStatement::set(int place, std::nullptr_t) {
    return check(sqlite3_bind_null(statement_, place));
}

std::int64_t SqliteStatement::integer(int column) const {
    if (at_id_) return sqlite3_last_insert_rowid(sqlite3_db_handle(statement_));
    return sqlite3_column_int64(statement_, column);
}

std::string_view SqliteStatement::text(int column) const {
    const void* text = sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {static_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

ByteView SqliteStatement::blob(int column) const {
    const void* blob = sqlite3_column_blob(statement_, column);
    if (blob == nullptr) return {};
    return {static_cast<const std::byte*>(blob),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

}  // namespace portcullis
