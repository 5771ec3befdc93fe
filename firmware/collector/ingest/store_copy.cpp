#include "collector/ingest/store_copy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace portcullis {

namespace {

// Whom others point to comes first.
constexpr std::array tables{"chain",      "audience", "item",    "blob",   "tombstone", "gap",
                            "quarantine", "incident", "receipt", "device", "note",      "life"};
constexpr std::array numbered{"chain",      "audience", "tombstone", "gap",
                              "quarantine", "incident", "receipt",   "life"};
/// Ids of a file are small numbers: those of day 0 (StoreDays).
constexpr std::int64_t day_of_files = 0;
constexpr std::int64_t ids_of_day = std::int64_t{1} << 32;

enum class Kind { integer, text, bytes };

struct Columns {
    std::vector<std::string> names;
    std::vector<Kind> kinds;
};

Result<Columns> columns_of(SqlConnection& server, std::string_view table) {
    Columns columns;
    Statement rows =
        TRY(server.prepare("SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM "
                           "information_schema.columns WHERE table_schema = 'portcullis' AND table_name = "
                           "CAST(? AS TEXT) ORDER BY ordinal_position"));
    TRY(rows.bind(table));
    while (TRY(rows.step())) {
        columns.names.emplace_back(rows.text(0));
        columns.kinds.push_back(rows.text(1) == "bigint"  ? Kind::integer
                                : rows.text(1) == "bytea" ? Kind::bytes
                                                          : Kind::text);
    }
    return columns;
}

SqlValue value_of(const Statement& row, int column, Kind kind) {
    if (row.is_null(column)) return nullptr;
    if (kind == Kind::integer) return row.integer(column);
    if (kind == Kind::bytes) return row.blob(column);
    return row.text(column);
}

Result<CopiedTable> copy_table(SqlConnection& file, SqlConnection& server, std::string_view table) {
    const auto [names, kinds] = TRY(columns_of(server, table));
    CopiedTable copied{std::string(table), 0};
    const std::vector<std::string_view> places(names.size(), "?");
    Statement rows = TRY(file.prepare(fmt::format("SELECT {} FROM {}", fmt::join(names, ", "), table)));
    Statement insert = TRY(server.prepare(fmt::format("INSERT INTO {}({}) VALUES({})", table,
                                                      fmt::join(names, ", "), fmt::join(places, ", "))));
    TRY(rows.bind());
    std::vector<SqlValue> values(names.size());
    for (; TRY(rows.step()); ++copied.rows) {
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = value_of(rows, static_cast<int>(i), kinds[i]);
        TRY(insert.run_values(values));
    }
    return copied;
}

Result<void> check_empty(SqlConnection& server) {
    for (const char* const table : tables)
        if (TRY(server.integer(fmt::format("SELECT count(*) FROM {}", table))) != 0)
            return fail(ErrorCode::refused,
                        "the database's table {} is not empty; a copy goes into a store that nobody has used",
                        table);
    return {};
}

/// New rows get ids above those that were copied.
Result<void> move_ids_on(SqlConnection& server) {
    for (const char* const table : numbered)
        TRY(server.execute(
            fmt::format("SELECT setval(pg_get_serial_sequence('portcullis.{0}', 'id'), max(id)) "
                        "FROM {0} HAVING max(id) IS NOT NULL",
                        table)));
    return {};
}

}  // namespace

Result<std::vector<CopiedTable>> copy_store(SqlConnection& file, SqlConnection& server) {
    if (TRY(file.integer("SELECT coalesce(max(id), 0) FROM item")) >= ids_of_day)
        return fail(ErrorCode::unsupported, "the file has had too many items to be copied");
    Transaction transaction = TRY(Transaction::begin(server));
    TRY(check_empty(server));
    {
        Statement day = TRY(server.prepare("SELECT open_day(?)"));
        TRY(day.bind(day_of_files));
        TRY(day.step());
    }
    std::vector<CopiedTable> copied;
    copied.reserve(tables.size());
    for (const char* const table : tables)
        copied.push_back(TRY(copy_table(file, server, table)));
    TRY(move_ids_on(server));
    TRY(transaction.commit());
    return copied;
}

}  // namespace portcullis
