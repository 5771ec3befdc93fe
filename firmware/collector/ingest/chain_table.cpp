#include "collector/ingest/chain_table.hpp"

#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

constexpr std::string_view fields =
    "id, device, chain, upto, upto_link, last, confirmed, confirmed_link, proven, mismatch, checkpoint, "
    "duplicates, conflicts, first_seen_at, last_seen_at";

ChainRow row_of(const Statement& row) {
    ChainRow chain;
    chain.id = row.integer(0);
    chain.device = row.text(1);
    chain.chain = columns::chain(row, 2);
    chain.upto = row.count(3);
    chain.upto_link = columns::digest(row, 4);
    chain.last = row.count(5);
    chain.confirmed = row.count(6);
    chain.confirmed_link = columns::digest(row, 7);
    chain.proven = row.count(8);
    chain.mismatch = row.count(9);
    chain.checkpoint = row.count(10);
    chain.duplicates = row.count(11);
    chain.conflicts = row.count(12);
    chain.first_seen_at = columns::time(row, 13);
    chain.last_seen_at = columns::time(row, 14);
    return chain;
}

}  // namespace

Result<std::optional<ChainRow>> ChainTable::find(std::string_view device, const ChainId& chain) {
    auto row =
        TRY(database_->prepare(fmt::format("SELECT {} FROM chain WHERE device = ? AND chain = ?", fields)));
    TRY(row.bind(device, ByteView(chain.bytes)));
    if (!TRY(row.step())) return std::optional<ChainRow>();
    return std::optional<ChainRow>(row_of(row));
}

Result<ChainRow> ChainTable::at(RowId id) {
    auto row = TRY(database_->prepare(fmt::format("SELECT {} FROM chain WHERE id = ?", fields)));
    TRY(row.bind(id));
    if (!TRY(row.step())) return fail(ErrorCode::not_found, "no chain has the row id {}", id);
    return row_of(row);
}

Result<ChainRow> ChainTable::add(std::string_view device, const ChainId& chain, UtcTime now) {
    auto row =
        TRY(database_->prepare("INSERT INTO chain(device, chain, upto, upto_link, last, confirmed, "
                               "confirmed_link, proven, mismatch, "
                               "checkpoint, duplicates, conflicts, first_seen_at, last_seen_at) "
                               "VALUES(?, ?, 0, ?, 0, 0, ?, 0, 0, 0, 0, 0, ?, ?)"));
    const Digest link = first_link(device, chain);
    TRY(row.run(device, ByteView(chain.bytes), link, link, columns::time(now), columns::time(now)));
    return at(database_->last_row_id());
}

Result<void> ChainTable::save(const ChainRow& chain) {
    auto row = TRY(database_->prepare(
        "UPDATE chain SET upto = ?, upto_link = ?, last = ?, confirmed = ?, confirmed_link = ?, proven = ?, "
        "mismatch = ?, checkpoint = ?, duplicates = ?, conflicts = ?, last_seen_at = ? WHERE id = ?"));
    return row.run(chain.upto, chain.upto_link, chain.last, chain.confirmed, chain.confirmed_link,
                   chain.proven, chain.mismatch, chain.checkpoint, chain.duplicates, chain.conflicts,
                   columns::time(chain.last_seen_at), chain.id);
}

Result<void> ChainTable::remove(const ChainRow& chain) {
    auto gaps = TRY(database_->prepare("DELETE FROM gap WHERE chain_id = ?"));
    TRY(gaps.run(chain.id));
    auto row = TRY(database_->prepare("DELETE FROM chain WHERE id = ?"));
    return row.run(chain.id);
}

Result<std::uint64_t> ChainTable::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM chain")));
}

Result<std::uint64_t> ChainTable::count_unconfirmed(std::string_view device) {
    auto row = TRY(database_->prepare("SELECT count(*) FROM chain WHERE device = ? AND confirmed = 0"));
    TRY(row.bind(device));
    TRY(row.step());
    return row.count(0);
}

Result<std::vector<ChainRow>> ChainTable::all(std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM chain ORDER BY device, first_seen_at LIMIT ?", fields)));
    TRY(row.bind(static_cast<std::uint64_t>(limit)));
    std::vector<ChainRow> chains;
    while (TRY(row.step()))
        chains.push_back(row_of(row));
    return chains;
}

}  // namespace portcullis
