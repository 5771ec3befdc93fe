#pragma once
// SqliteStatement: what SQLite makes of one SQL text. For the sources of this room only.

#include <string>

#include "ports/sql.hpp"

struct sqlite3_stmt;

namespace portcullis {

class SqliteStatement final : public PreparedSql {
  public:
    /// Owns the statement; sql: what it was asked for as. gives_id: it was made without the RETURNING id that
    /// stood there, and gives the row's id in the same way.
    SqliteStatement(sqlite3_stmt* statement, std::string sql, bool gives_id)
        : statement_(statement), sql_(std::move(sql)), gives_id_(gives_id) {}
    SqliteStatement(const SqliteStatement&) = delete;
    SqliteStatement& operator=(const SqliteStatement&) = delete;
    ~SqliteStatement() override;

    [[nodiscard]] std::string_view sql() const override { return sql_; }
    void clear() override;
    [[nodiscard]] Result<void> begin(std::size_t parameters) override;
    [[nodiscard]] Result<void> set(int place, std::int64_t value) override;
    [[nodiscard]] Result<void> set(int place, std::string_view value) override;
    [[nodiscard]] Result<void> set(int place, ByteView value) override;
    [[nodiscard]] Result<void> set(int place, std::nullptr_t) override;
    [[nodiscard]] Result<bool> step() override;
    [[nodiscard]] Result<void> finish() override;
    [[nodiscard]] Result<std::uint64_t> finish_counted() override;
    void reset() override;
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] std::string_view text(int column) const override;
    [[nodiscard]] ByteView blob(int column) const override;
    [[nodiscard]] bool is_null(int column) const override;

  private:
    [[nodiscard]] Result<void> check(int code) const;
    [[nodiscard]] Result<bool> step_to_id();
    sqlite3_stmt* statement_;
    std::string sql_;
    bool gives_id_;
    bool at_id_ = false;  // its one row
};

}  // namespace portcullis
