#include "ports/statement_cache.hpp"

#include <utility>

namespace portcullis {

namespace {

/// Some of them take effect, or look, when they are prepared (SQLite, "PRAGMA Statements").
bool is_pragma(std::string_view sql) {
    return sql.starts_with("PRAGMA");
}

}  // namespace

std::unique_ptr<PreparedSql> StatementCache::take(std::string_view sql) {
    const auto known = idle_.find(sql);
    return known == idle_.end() ? nullptr : std::move(known->second);
}

void StatementCache::give_back(std::unique_ptr<PreparedSql> prepared) {
    prepared->clear();
    const std::string_view sql = prepared->sql();
    const auto known = idle_.find(sql);
    if (known == idle_.end()) {
        if (idle_.size() < max_statements && !is_pragma(sql)) idle_.emplace(sql, std::move(prepared));
    } else if (known->second == nullptr) {
        known->second = std::move(prepared);
    }
}

}  // namespace portcullis
