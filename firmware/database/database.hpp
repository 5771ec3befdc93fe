#pragma once
// Database: one connection to a SQLite file. Thread-bound: one thread uses a connection and its statements;
// several processes may have the same file open. Errors as in ports/sql.hpp.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "ports/sql.hpp"

struct sqlite3;

namespace portcullis {

class StatementCache;

struct DatabaseSettings {
    std::filesystem::path path;
    bool create = true;      // false: not_found when the file is missing
    bool read_only = false;  // neither file nor folder need be writable; implies create = false
    /// With read_only: nothing beside the file is written either, not even locks in -shm. A file with no -wal
    /// beside it is closed, a copy, or a backup; it alone will do then.
    bool untouched = false;
    bool keep_wal = false;  // the last to close leaves -wal and -shm: without them nobody can read only
    unsigned mode = 0660;   // of a new file, less the umask; -wal and -shm inherit it
    milliseconds busy_timeout = std::chrono::seconds(5);    // how long a lock of another process is awaited
    std::int64_t wal_limit_bytes = std::int64_t{8} << 20;   // the -wal file is cut back to this
    std::int64_t checkpoint_bytes = std::int64_t{4} << 20;  // and worked off when it has grown to this
    int page_bytes = 4096;                                  // of a file that is made now
    /// Deleted rows are overwritten with zeros. False where they hold nothing readable: spares the flash.
    bool overwrite_deleted = true;
};

class Database final : public SqlConnection {
  public:
    /// Opens in WAL mode with synchronous=FULL: what a commit returned for survives a power cut, and
    /// so does what is read, be it of a writer that was killed. The folder of a new file is synced. Errors
    /// name the path.
    [[nodiscard]] static Result<Database> open(const DatabaseSettings& settings);

    [[nodiscard]] Result<Statement> prepare(std::string_view sql) override;
    [[nodiscard]] bool is_server() const override { return false; }
    /// Outside of a transaction each statement is one.
    [[nodiscard]] Result<void> execute(const std::string& sql) override;

    /// Rows that the last INSERT, UPDATE or DELETE touched; id of the last inserted row.
    [[nodiscard]] std::uint64_t changes() const;
    [[nodiscard]] std::int64_t last_row_id() const;
    /// Changes whenever another connection commits; costs microseconds.
    [[nodiscard]] Result<std::int64_t> data_version();
    /// False after it was moved from.
    [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
    /// The file was renamed or replaced under us: open it anew.
    [[nodiscard]] bool moved() const;
    /// Reads every page; corrupt when something does not fit together, io when the disk cannot read it: then
    /// nobody knows. Slow on a big file.
    [[nodiscard]] Result<void> check_integrity();

  private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    using Connection = std::unique_ptr<sqlite3, Close>;
    [[nodiscard]] Result<void> set_checkpoints(std::int64_t bytes);
    /// What is wrong with the file; empty when nothing is.
    [[nodiscard]] Result<std::string> finding();
    [[nodiscard]] Result<void> read_through(int which);
    [[nodiscard]] Result<void> begin() override;
    [[nodiscard]] Result<void> commit() override;
    void abandon() override { static_cast<void>(roll_back()); }
    /// Fails for want of memory.
    [[nodiscard]] Result<void> roll_back();
    explicit Database(Connection connection);
    Connection connection_;
    bool rollback_due_ = false;
    std::shared_ptr<StatementCache> idle_;  // below the connection: it goes first
};

}  // namespace portcullis
