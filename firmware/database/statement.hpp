#pragma once
// Statement: one prepared SQL statement of a Database. Values come in by bind() only, never by pasting text
// into SQL. Thread-bound, like its Database; must not outlive the work with it (its rows are borrowed).
//
//   auto insert = TRY(database.prepare("INSERT INTO item(seq, blob) VALUES(?, ?)"));
//   TRY(insert.run(seq, ByteView(blob)));
//   auto rows = TRY(database.prepare("SELECT seq, blob FROM item WHERE seq > ?"));
//   TRY(rows.bind(seq));
//   while (TRY(rows.step())) use(rows.integer(0), rows.blob(1));
//
// Errors: exhausted (disk full), timeout (the file was locked longer than the busy timeout), corrupt, refused
// (a constraint), denied (read-only), io; each with the cure.

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"

struct sqlite3_stmt;

namespace portcullis {

class StatementCache;

class Statement {
  public:
    /// Begins anew and sets the parameters in order: std::int64_t, std::uint64_t (below 2^63), bool,
    /// string_view, ByteView (both are copied), nullptr for NULL. Their number must be that of the '?'.
    template <class... Values>
    [[nodiscard]] Result<void> bind(const Values&... values) {
        TRY(begin(sizeof...(values)));
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
    [[nodiscard]] Result<bool> step();

    /// bind, steps to the end and resets: for statements whose rows nobody wants.
    template <class... Values>
    [[nodiscard]] Result<void> run(const Values&... values) {
        TRY(bind(values...));
        return finish();
    }

    /// Ends a read that did not step to its end, so that it holds no snapshot of the file.
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t count(int column) const;  // an integer that is never negative; 0 if it is
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] ByteView blob(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    friend class Database;
    Statement(sqlite3_stmt* statement, std::weak_ptr<StatementCache> cache)
        : statement_(statement, GiveBack{std::move(cache)}) {}

    [[nodiscard]] Result<void> begin(std::size_t parameters);
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] Result<void> check(int code) const;
    [[nodiscard]] Result<void> set(int place, std::int64_t value);
    [[nodiscard]] Result<void> set(int place, int value) { return set(place, std::int64_t{value}); }
    [[nodiscard]] Result<void> set(int place, bool value) { return set(place, std::int64_t{value ? 1 : 0}); }
    [[nodiscard]] Result<void> set(int place, std::uint64_t value);
    [[nodiscard]] Result<void> set(int place, std::string_view value);
    [[nodiscard]] Result<void> set(int place, const char* value) {
        return set(place, std::string_view(value));
    }
    [[nodiscard]] Result<void> set(int place, ByteView value);
    [[nodiscard]] Result<void> set(int place, std::nullptr_t);

    /// To its Database's cache; finalized when the Database is gone.
    struct GiveBack {
        std::weak_ptr<StatementCache> cache;
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
};

}  // namespace portcullis
