#pragma once
// StatementCache: the prepared statements of one connection that nobody uses just now, by their SQL. Of the
// collector's time under load a third went into parsing the same forty statements anew. Thread-bound, like
// its connection.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ports/sql.hpp"

namespace portcullis {

class StatementCache {
  public:
    /// Further ones go after use.
    static constexpr std::size_t max_statements = 128;

    /// The caller's until he gives it back; null when there is none.
    [[nodiscard]] std::unique_ptr<PreparedSql> take(std::string_view sql);
    void give_back(std::unique_ptr<PreparedSql> prepared);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view sql) const { return std::hash<std::string_view>()(sql); }
    };
    /// Null: in use.
    std::unordered_map<std::string, std::unique_ptr<PreparedSql>, Hash, std::equal_to<>> idle_;
};

}  // namespace portcullis
