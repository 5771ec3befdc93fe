#include "collector/ingest/gap_table.hpp"

#include <algorithm>

#include "collector/ingest/columns.hpp"

namespace portcullis {

Result<void> GapTable::insert_open(RowId chain_id, Seq first, Seq last, std::int64_t noticed_at) {
    auto row =
        TRY(database_->prepare("INSERT INTO gap(chain_id, first, last, noticed_at) VALUES(?, ?, ?, ?)"));
    return row.run(chain_id, first, last, noticed_at);
}

Result<void> GapTable::open(RowId chain_id, Seq first, Seq last, UtcTime now) {
    return insert_open(chain_id, first, last, columns::time(now));
}

Result<std::vector<GapTable::OpenGap>> GapTable::touching(RowId chain_id, Seq first, Seq last) {
    auto row = TRY(database_->prepare(
        "SELECT id, first, last, noticed_at FROM gap "
        "WHERE chain_id = ? AND closed_at IS NULL AND first <= ? AND last >= ? ORDER BY first"));
    TRY(row.bind(chain_id, last, first));
    std::vector<OpenGap> gaps;
    while (TRY(row.step()))
        gaps.push_back({row.integer(0), row.count(1), row.count(2), row.integer(3)});
    return gaps;
}

/// Parts that close one after the other make one row: a gap of 1,000 items that is filled leaves one line.
Result<void> GapTable::note_closed(RowId chain_id, const OpenGap& part, UtcTime now, Declared declared) {
    const auto how = static_cast<std::uint64_t>(declared);
    auto grown = TRY(database_->prepare(
        "UPDATE gap SET last = ?, closed_at = ? WHERE chain_id = ? AND last = ? AND closed_at IS NOT NULL "
        "AND noticed_at = ? AND declared = ?"));
    if (TRY(grown.run_counted(part.last, columns::time(now), chain_id, part.first - 1, part.noticed_at,
                              how)) > 0)
        return {};
    auto row = TRY(database_->prepare(
        "INSERT INTO gap(chain_id, first, last, noticed_at, closed_at, declared) VALUES(?, ?, ?, ?, ?, ?)"));
    return row.run(chain_id, part.first, part.last, part.noticed_at, columns::time(now), how);
}

Result<void> GapTable::close(RowId chain_id, Seq first, Seq last, UtcTime now, Declared declared) {
    for (const OpenGap& gap : TRY(touching(chain_id, first, last))) {
        auto row = TRY(database_->prepare("DELETE FROM gap WHERE id = ?"));
        TRY(row.run(gap.id));
        if (gap.first < first) TRY(insert_open(chain_id, gap.first, first - 1, gap.noticed_at));
        if (gap.last > last) TRY(insert_open(chain_id, last + 1, gap.last, gap.noticed_at));
        const OpenGap part{gap.id, std::max(gap.first, first), std::min(gap.last, last), gap.noticed_at};
        TRY(note_closed(chain_id, part, now, declared));
    }
    return {};
}

Result<void> GapTable::forget_above(RowId chain_id, Seq last) {
    auto whole =
        TRY(database_->prepare("DELETE FROM gap WHERE chain_id = ? AND closed_at IS NULL AND first > ?"));
    TRY(whole.run(chain_id, last));
    auto part = TRY(
        database_->prepare("UPDATE gap SET last = ? WHERE chain_id = ? AND closed_at IS NULL AND last > ?"));
    return part.run(last, chain_id, last);
}

Result<std::vector<GapRow>> GapTable::of(RowId chain_id, bool open, std::size_t limit) {
    auto row = TRY(database_->prepare(
        open ? "SELECT first, last, noticed_at, closed_at, declared FROM gap WHERE chain_id = ? "
               "AND closed_at IS NULL ORDER BY first LIMIT ?"
             : "SELECT first, last, noticed_at, closed_at, declared FROM gap WHERE chain_id = ? "
               "AND closed_at IS NOT NULL ORDER BY first LIMIT ?"));
    TRY(row.bind(chain_id, static_cast<std::uint64_t>(limit)));
    std::vector<GapRow> gaps;
    while (TRY(row.step())) {
        const auto how = std::min(row.count(4), static_cast<std::uint64_t>(Declared::by_lapsed_key));
        GapRow gap{row.count(0), row.count(1), columns::time(row, 2), std::nullopt,
                   static_cast<Declared>(how)};
        if (!row.is_null(3)) gap.closed_at = columns::time(row, 3);
        gaps.push_back(gap);
    }
    return gaps;
}

Result<std::uint64_t> GapTable::count_open() {
    return static_cast<std::uint64_t>(
        TRY(database_->integer("SELECT count(*) FROM gap WHERE closed_at IS NULL")));
}

Result<void> GapTable::prune() {
    auto row = TRY(database_->prepare(
        "DELETE FROM gap WHERE closed_at IS NOT NULL AND id IN (SELECT id FROM gap "
        "WHERE closed_at IS NOT NULL ORDER BY id DESC LIMIT 9223372036854775807 OFFSET ?)"));
    return row.run(max_closed_gaps);
}

}  // namespace portcullis
