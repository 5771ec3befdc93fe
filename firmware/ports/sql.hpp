#pragma once
// Port: a connection to a database with tables. SQLite's is `Database` (database room), PostgreSQL's a driver
// (drivers/database/*). Tables are written once, in SQL that both understand (collector/README.md says what
// to avoid). Values come in by bind() only, never by pasting text into SQL.
//
//   auto insert = TRY(sql.prepare("INSERT INTO item(seq, blob) VALUES(?, ?)"));
//   TRY(insert.run(seq, ByteView(blob)));
//   auto rows = TRY(sql.prepare("SELECT seq, blob FROM item WHERE seq > ?"));
//   TRY(rows.bind(seq));
//   while (TRY(rows.step())) use(rows.integer(0), rows.blob(1));
//
// Thread-bound, with its statements. Errors of all that asks the database: exhausted (disk full), timeout
// (somebody else held it locked for too long), corrupt, refused (a constraint), denied (read-only, no
// rights), closed (the server is away), io; each with the cure. Inside a transaction an error ends it: what
// comes after may fail too, and nothing of it is kept.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis {

/// What a kind of database makes of one SQL text. Only Statement speaks to it.
class PreparedSql {
  public:
    virtual ~PreparedSql() = default;
    [[nodiscard]] virtual std::string_view sql() const = 0;
    /// Nobody uses it just now: holds no snapshot of the database and no value.
    virtual void clear() = 0;

    [[nodiscard]] virtual Result<void> begin(std::size_t parameters) = 0;
    [[nodiscard]] virtual Result<void> set(int place, std::int64_t value) = 0;
    [[nodiscard]] virtual Result<void> set(int place, std::string_view value) = 0;
    [[nodiscard]] virtual Result<void> set(int place, ByteView value) = 0;
    [[nodiscard]] virtual Result<void> set(int place, std::nullptr_t) = 0;

    [[nodiscard]] virtual Result<bool> step() = 0;
    [[nodiscard]] virtual Result<void> finish() = 0;
    [[nodiscard]] virtual Result<std::uint64_t> finish_counted() = 0;
    virtual void reset() = 0;

    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
    [[nodiscard]] virtual ByteView blob(int column) const = 0;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
};

/// NULL, or one of the three kinds. Text and bytes are borrowed.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view, ByteView>;

class StatementCache;

/// One prepared SQL text. Must not outlive the work with it: its rows are borrowed.
class Statement {
  public:
    /// Goes to the cache after use, if that is still there.
    Statement(std::unique_ptr<PreparedSql> prepared, std::weak_ptr<StatementCache> cache)
        : prepared_(prepared.release(), GiveBack{std::move(cache)}) {}

    /// Begins anew and sets the parameters in order: std::int64_t, std::uint64_t (below 2^63), bool (0 or 1),
    /// string_view, ByteView (both are copied), nullptr or an empty optional for NULL. Their number must be
    /// that of the '?'.
    template <class... Values>
    [[nodiscard]] Result<void> bind(const Values&... values) {
        TRY(prepared_->begin(sizeof...(values)));
        int place = 0;
        Result<void> outcome;
        [[maybe_unused]] const auto next = [&](const auto& value) {
            ++place;
            if (outcome) outcome = set(place, value);
        };
        (next(values), ...);
        return outcome;
    }

    /// True: there is a row, its columns may be read until the next step, bind or run.
    [[nodiscard]] Result<bool> step() { return prepared_->step(); }

    /// For statements whose rows nobody wants. In a transaction an error may come with a later call instead,
    /// at the latest with its commit: writes wait for no answer of a server.
    template <class... Values>
    [[nodiscard]] Result<void> run(const Values&... values) {
        TRY(bind(values...));
        return prepared_->finish();
    }
    /// bind and run, with values whose kinds or number are not known before.
    [[nodiscard]] Result<void> bind_values(std::span<const SqlValue> values);
    [[nodiscard]] Result<void> run_values(std::span<const SqlValue> values);
    /// Like run, for who must know at once: how many rows an INSERT, UPDATE or DELETE touched.
    template <class... Values>
    [[nodiscard]] Result<std::uint64_t> run_counted(const Values&... values) {
        TRY(bind(values...));
        return prepared_->finish_counted();
    }
    /// Of an INSERT ... RETURNING id: the id; nothing when no row was inserted.
    template <class... Values>
    [[nodiscard]] Result<std::optional<std::int64_t>> insert(const Values&... values) {
        TRY(bind(values...));
        std::optional<std::int64_t> id;
        if (!TRY(step())) return id;
        id = integer(0);
        TRY(prepared_->finish());
        return id;
    }

    /// Ends a read that did not step to its end, so that it holds no snapshot of the database.
    void reset() { prepared_->reset(); }

    [[nodiscard]] std::int64_t integer(int column) const { return prepared_->integer(column); }
    /// An integer that is never negative; 0 if it is.
    [[nodiscard]] std::uint64_t count(int column) const {
        const std::int64_t value = integer(column);
        return value < 0 ? 0 : static_cast<std::uint64_t>(value);
    }
    [[nodiscard]] std::string_view text(int column) const { return prepared_->text(column); }
    [[nodiscard]] ByteView blob(int column) const { return prepared_->blob(column); }
    [[nodiscard]] bool is_null(int column) const { return prepared_->is_null(column); }

  private:
    [[nodiscard]] Result<void> set(int place, std::int64_t value) { return prepared_->set(place, value); }
    [[nodiscard]] Result<void> set(int place, int value) { return set(place, std::int64_t{value}); }
    [[nodiscard]] Result<void> set(int place, bool value) { return set(place, std::int64_t{value ? 1 : 0}); }
    [[nodiscard]] Result<void> set(int place, std::uint64_t value);
    [[nodiscard]] Result<void> set(int place, std::string_view value) { return prepared_->set(place, value); }
    [[nodiscard]] Result<void> set(int place, const char* value) {
        return set(place, std::string_view(value));
    }
    [[nodiscard]] Result<void> set(int place, ByteView value) { return prepared_->set(place, value); }
    [[nodiscard]] Result<void> set(int place, std::nullptr_t) { return prepared_->set(place, nullptr); }
    template <class Value>
    [[nodiscard]] Result<void> set(int place, const std::optional<Value>& value) {
        return value ? set(place, *value) : set(place, nullptr);
    }

    struct GiveBack {
        std::weak_ptr<StatementCache> cache;
        void operator()(PreparedSql* prepared) const;
    };
    std::unique_ptr<PreparedSql, GiveBack> prepared_;
};

/// Tables that a server's database is to hold.
struct SqlTables {
    std::string name;  // for errors, e.g. "collector's store"
    std::int32_t version = 0;
    std::string create;  // SQL that makes them
    /// SQL that makes each version into the next one, losing nothing; that from 1 to 2 is the first.
    std::vector<std::string> upgrades = {};
};

class SqlConnection {
  public:
    virtual ~SqlConnection() = default;

    /// The same SQL is parsed once: what a Statement leaves behind is used again.
    [[nodiscard]] virtual Result<Statement> prepare(std::string_view sql) = 0;
    /// SQL without parameters, one or more statements: for making tables.
    [[nodiscard]] virtual Result<void> execute(const std::string& sql) = 0;
    /// The first column of the only row. Errors: not_found (there is none).
    [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);

    /// Each question waits for the answer of another process.
    [[nodiscard]] virtual bool is_server() const = 0;

    /// Another number for each transaction; 0 outside of one. What is known while it stays the same holds:
    /// nobody else writes.
    [[nodiscard]] std::uint64_t transaction() const { return transaction_; }

  protected:
    SqlConnection() = default;
    SqlConnection(SqlConnection&&) = default;
    SqlConnection& operator=(SqlConnection&&) = default;

  private:
    friend class Transaction;
    [[nodiscard]] virtual Result<void> begin() = 0;
    [[nodiscard]] virtual Result<void> commit() = 0;
    /// When it fails, nothing else is done on this connection before it has succeeded: nobody reads what was
    /// not kept.
    virtual void abandon() = 0;

    std::uint64_t transactions_ = 0;
    std::uint64_t transaction_ = 0;
};

/// Takes the one write lock of the database at begin; rolls back unless commit() succeeded. One at a time on
/// a connection, which must outlive it.
class Transaction {
  public:
    [[nodiscard]] static Result<Transaction> begin(SqlConnection& connection);
    /// Durable when it returns without an error; with one, nothing of the transaction was kept.
    [[nodiscard]] Result<void> commit();

    Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

  private:
    explicit Transaction(SqlConnection& connection) : connection_(&connection) {}
    SqlConnection* connection_;
};

}  // namespace portcullis
