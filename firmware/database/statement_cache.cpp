#include "database/statement_cache.hpp"

#include <sqlite3.h>

#include <utility>

namespace portcullis {

namespace {

/// Some of them take effect, or look, when they are prepared (SQLite, "PRAGMA Statements").
bool is_pragma(std::string_view sql) {
    return sql.starts_with("PRAGMA");
}

}  // namespace

StatementCache::~StatementCache() {
    for (const auto& [sql, statement] : idle_)
        sqlite3_finalize(statement);
}

sqlite3_stmt* StatementCache::take(std::string_view sql) {
    const auto known = idle_.find(sql);
    return known == idle_.end() ? nullptr : std::exchange(known->second, nullptr);
}

void StatementCache::give_back(sqlite3_stmt* statement) {
    const char* const text = sqlite3_sql(statement);
    const std::string_view sql = text == nullptr ? std::string_view() : std::string_view(text);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    const auto known = idle_.find(sql);
    const bool room = known == idle_.end() && idle_.size() < max_statements && !is_pragma(sql);
    if (room)
        idle_.emplace(sql, statement);
    else if (known != idle_.end() && known->second == nullptr)
        known->second = statement;
    else
        sqlite3_finalize(statement);
}

}  // namespace portcullis
