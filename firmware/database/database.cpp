#include "database/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "base/durable.hpp"
#include "base/unique_fd.hpp"
#include "database/sqlite_error.hpp"
#include "database/sqlite_statement.hpp"
#include "ports/statement_cache.hpp"

namespace portcullis {

namespace {

/// Of an INSERT into a table whose `id` is its row id. SQLite keeps each row that it returns in a table of
/// its own: 9 us of 24 for a stored item. It knows the last row's id without.
constexpr std::string_view returning_id = " RETURNING id";

struct CodeRow {
    int primary;
    ErrorCode code;
    std::string_view cure;
};

// By SQLite's primary code; what is not here is `io`, for most of the rest comes from the disk.
constexpr CodeRow rows[] = {
    {SQLITE_FULL, ErrorCode::exhausted, "free space on that file system"},
    {SQLITE_BUSY, ErrorCode::timeout,
     "another process holds the file locked for too long; look what it does"},
    {SQLITE_LOCKED, ErrorCode::timeout, "another statement holds the table"},
    {SQLITE_CORRUPT, ErrorCode::corrupt, "the file is damaged"},
    {SQLITE_NOTADB, ErrorCode::corrupt, "the file is damaged or no database"},
    {SQLITE_CONSTRAINT, ErrorCode::refused, "the row breaks a rule of its table"},
    {SQLITE_READONLY, ErrorCode::denied, "make file and folder writable for this user"},
    {SQLITE_PERM, ErrorCode::denied, "make file and folder writable for this user"},
    {SQLITE_AUTH, ErrorCode::denied, "make file and folder writable for this user"},
    {SQLITE_CANTOPEN, ErrorCode::io, "check that the folder exists and is writable for this user"},
    {SQLITE_TOOBIG, ErrorCode::exhausted, "the value is larger than SQLite takes"},
    {SQLITE_NOMEM, ErrorCode::exhausted, "out of memory"},
    {SQLITE_MISUSE, ErrorCode::internal, "a fault of ours; report it"},
    {SQLITE_RANGE, ErrorCode::internal, "a fault of ours; report it"},
    {SQLITE_ERROR, ErrorCode::internal, "the tables are not those that this program makes"},
};

// Made by us, because SQLite would take 0644. -wal and -shm inherit the mode.
Result<void> make_file(const std::filesystem::path& path, mode_t mode) {
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (fd) return sync_folder(path.parent_path());
    if (errno == EEXIST) return {};
    return fail(Error::from_errno(
        fmt::format("cannot make {} (check that the folder exists and is writable)", path.string()), errno));
}

/// As a URI file name (sqlite.org/uri.html), with what SQLite is told about the file.
std::string uri_of(const std::filesystem::path& path, std::string_view parameter) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string uri = "file:";
    for (const char c : path.string()) {
        if (c != '%' && c != '?' && c != '#') {
            uri += c;
            continue;
        }
        const auto value = static_cast<unsigned char>(c);
        uri += {'%', hex[value >> 4U], hex[value & 0xfU]};
    }
    return fmt::format("{}?{}", uri, parameter);
}

std::string name_of(const DatabaseSettings& settings) {
    if (!settings.untouched) return settings.path.string();
    const std::string wal = settings.path.string() + "-wal";
    const bool closed = ::access(wal.c_str(), F_OK) != 0;
    return uri_of(settings.path, closed ? "immutable=1" : "readonly_shm=1");
}

Result<void> check_there(const std::filesystem::path& path) {
    if (::access(path.c_str(), F_OK) == 0) return {};
    if (errno == ENOENT || errno == ENOTDIR)
        return fail(ErrorCode::not_found, "{} is not there", path.string());
    return fail(Error::from_errno(fmt::format("cannot look at {}", path.string()), errno));
}

// Opening brings back what a killed writer left in the -wal file: whole transactions, but perhaps only in the
// page cache. From here on they are read, and an uplink may publish them, so they must be on the disk: else a
// power cut takes them back and their seqs get other blobs.
Result<void> sync_recovered(sqlite3* connection) {
    sqlite3_file* wal = nullptr;
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
    if (wal == nullptr || wal->pMethods == nullptr) return {};
    const int code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) return fail(sqlite_error(code, nullptr, "cannot sync the -wal file"));
    return {};
}

}  // namespace

Error sqlite_error(int code, sqlite3* connection, const std::string& what) {
    const int primary = code & 0xff;
    const std::string text = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    for (const CodeRow& row : rows)
        if (row.primary == primary)
            return {row.code, fmt::format("{}: {} ({}); {}", what, text, code, row.cure)};
    return {ErrorCode::io, fmt::format("{}: {} ({}); check the disk", what, text, code)};
}

Result<void> set_modes(sqlite3* connection, const DatabaseSettings& settings) {
    if (settings.keep_wal) {
        int on = 1;
        sqlite3_file_control(connection, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    }
    const std::string sql =
        settings.read_only
            ? "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; SELECT count(*) FROM sqlite_schema"
            : fmt::format(
                  "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                  "PRAGMA journal_size_limit={}; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; "
                  "PRAGMA secure_delete={}",
                  settings.page_bytes, settings.wal_limit_bytes, settings.overwrite_deleted ? "ON" : "FAST");
    const int code = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, connection, "database"));
    return {};
}

Database::Database(Connection connection)
    : connection_(std::move(connection)), idle_(std::make_shared<StatementCache>()) {}

// close_v2: statements that still live keep the connection until they are gone.
void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}

Result<Database> Database::open(const DatabaseSettings& settings) {
    TRY(settings.create && !settings.read_only ? make_file(settings.path, settings.mode)
                                               : check_there(settings.path));
    const std::string name = name_of(settings);
    sqlite3* raw = nullptr;
    int access = settings.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (settings.untouched) access |= SQLITE_OPEN_URI;
    const int code =
        sqlite3_open_v2(name.c_str(), &raw, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    Database database{Connection(raw)};
    if (code != SQLITE_OK) return fail(sqlite_error(code, raw, name));
    sqlite3_busy_timeout(raw, static_cast<int>(settings.busy_timeout.count()));
    // A damaged or hostile file may bring no functions, triggers or views, and double quotes are never
    // strings.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    // Who only reads never works off the -wal file, nor removes it.
    if (settings.read_only) sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    auto modes = set_modes(raw, settings);
    if (modes && !settings.read_only) modes = database.set_checkpoints(settings.checkpoint_bytes);
    if (modes) modes = sync_recovered(raw);
    if (!modes) return fail(std::move(modes.error()).with(name));
    return database;
}

// SQLite counts in pages, and a file keeps the size of page that it was made with.
Result<void> Database::set_checkpoints(std::int64_t bytes) {
    const std::int64_t page = TRY(integer("PRAGMA page_size"));
    return execute(fmt::format("PRAGMA wal_autocheckpoint={}", std::max<std::int64_t>(1, bytes / page)));
}

Result<Statement> Database::prepare(std::string_view sql) {
    if (rollback_due_) TRY(roll_back());
    if (auto known = idle_ ? idle_->take(sql) : nullptr) return Statement(std::move(known), idle_);
    const bool gives_id = sql.ends_with(returning_id);
    const std::string_view made = gives_id ? sql.substr(0, sql.size() - returning_id.size()) : sql;
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), made.data(), static_cast<int>(made.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, connection_.get(), "database"));
    PORTCULLIS_ASSERT(statement != nullptr);
    return Statement(std::make_unique<SqliteStatement>(statement, std::string(sql), gives_id), idle_);
}

// SQLite has rolled back by itself after some errors; then there is no transaction any more.
Result<void> Database::roll_back() {
    rollback_due_ = sqlite3_get_autocommit(connection_.get()) == 0;
    if (!rollback_due_) return {};
    const int code = sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, connection_.get(), "database: cannot roll back"));
    rollback_due_ = false;
    return {};
}

Result<void> Database::execute(const std::string& sql) {
    if (rollback_due_) TRY(roll_back());
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, connection_.get(), "database"));
    return {};
}

std::uint64_t Database::changes() const {
    return static_cast<std::uint64_t>(sqlite3_changes64(connection_.get()));
}

std::int64_t Database::last_row_id() const {
    return sqlite3_last_insert_rowid(connection_.get());
}

Result<std::int64_t> Database::data_version() {
    return integer("PRAGMA data_version");
}

bool Database::moved() const {
    if (!is_open()) return true;
    int moved = 0;
    sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

// quick_check tells of a page that could not be read just now in the same way as of a damaged one. Only what
// is found twice is damage, and only if all can be read: else a bad line to the disk sets a whole spool
// aside.
Result<void> Database::check_integrity() {
    if (TRY(finding()).empty()) return {};
    const std::string found = TRY(finding());
    if (found.empty()) return {};
    TRY(read_through(SQLITE_FCNTL_FILE_POINTER));
    TRY(read_through(SQLITE_FCNTL_JOURNAL_POINTER));
    return fail(ErrorCode::corrupt, "database: {}; the file is damaged", found);
}

// Past SQLite's cache, whatever stands in the file.
Result<void> Database::read_through(int which) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection_.get(), "main", which, static_cast<void*>(&file));
    if (file == nullptr || file->pMethods == nullptr) return {};
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    Bytes piece(std::size_t{1} << 16);
    for (sqlite3_int64 done = 0; code == SQLITE_OK && done < size; done += std::ssize(piece)) {
        const auto bytes = static_cast<int>(std::min<sqlite3_int64>(std::ssize(piece), size - done));
        code = file->pMethods->xRead(file, piece.data(), bytes, done);
        if (code == SQLITE_IOERR_SHORT_READ) code = SQLITE_OK;  // the file ends: that is no bad read
    }
    if (code != SQLITE_OK) return fail(sqlite_error(code, nullptr, "database: a part cannot be read"));
    return {};
}

Result<std::string> Database::finding() {
    Statement check = TRY(prepare("PRAGMA quick_check(1)"));
    TRY(check.bind());
    if (!TRY(check.step())) return std::string("no outcome");
    return check.text(0) == "ok" ? std::string() : std::string(check.text(0));
}

Result<void> Database::begin() {
    Statement begin = TRY(prepare("BEGIN IMMEDIATE"));
    return begin.run();
}

Result<void> Database::commit() {
    Statement commit = TRY(prepare("COMMIT"));
    return commit.run();
}

}  // namespace portcullis
