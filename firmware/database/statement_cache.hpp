#pragma once
// StatementCache: the prepared statements of one Database that nobody uses just now, by their SQL. Of the
// collector's time under load a third went into parsing the same forty statements anew. Thread-bound, like
// its Database.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3_stmt;

namespace portcullis {

class StatementCache {
  public:
    /// Further ones are finalized after use.
    static constexpr std::size_t max_statements = 128;

    StatementCache() = default;
    StatementCache(const StatementCache&) = delete;
    StatementCache& operator=(const StatementCache&) = delete;
    ~StatementCache();

    /// The caller's until he gives it back; null when there is none.
    [[nodiscard]] sqlite3_stmt* take(std::string_view sql);
    /// Reset, with nothing bound to it: it holds no snapshot of the file and no value.
    void give_back(sqlite3_stmt* statement);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view sql) const { return std::hash<std::string_view>()(sql); }
    };
    std::unordered_map<std::string, sqlite3_stmt*, Hash, std::equal_to<>> idle_;  // null: in use
};

}  // namespace portcullis
