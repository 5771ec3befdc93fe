#include "collector/ingest/chain_table.hpp"

#include <array>

#include "collector/ingest/ask_together.hpp"
#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

constexpr std::string_view fields =
    "id, device, chain, branch, base, base_link, upto, upto_link, last, confirmed, confirmed_link, proven, "
    "mismatch, checkpoint, promised, promised_item, held, duplicates, conflicts, first_seen_at, "
    "last_seen_at, grown_at, vouched";

ChainRow row_of(const Statement& row) {
    ChainRow chain;
    chain.id = row.integer(0);
    chain.device = row.text(1);
    chain.chain = columns::chain(row, 2);
    chain.branch = row.count(3);
    chain.base = row.count(4);
    chain.base_link = row.is_null(5) ? first_link(chain.device, chain.chain) : columns::digest(row, 5);
    chain.upto = row.count(6);
    chain.upto_link = columns::digest(row, 7);
    chain.last = row.count(8);
    chain.confirmed = row.count(9);
    chain.confirmed_link = columns::digest(row, 10);
    chain.proven = row.count(11);
    chain.mismatch = row.count(12);
    chain.checkpoint = row.count(13);
    chain.promised = row.count(14);
    chain.promised_item = row.integer(15);
    chain.held = row.integer(16) != 0;
    chain.duplicates = row.count(17);
    chain.conflicts = row.count(18);
    chain.first_seen_at = columns::time(row, 19);
    chain.last_seen_at = columns::time(row, 20);
    chain.grown_at = columns::time(row, 21);
    chain.vouched = row.count(22);
    return chain;
}

Result<std::vector<ChainRow>> rows_of(Statement& query) {
    std::vector<ChainRow> chains;
    while (TRY(query.step()))
        chains.push_back(row_of(query));
    return chains;
}

}  // namespace

Result<std::optional<ChainRow>> ChainTable::find(std::string_view device, const ChainId& chain) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM chain WHERE device = ? AND chain = ? AND branch = 0", fields)));
    TRY(row.bind(device, ByteView(chain.bytes)));
    if (!TRY(row.step())) return std::optional<ChainRow>();
    return std::optional<ChainRow>(row_of(row));
}

Result<std::vector<ChainRow>> ChainTable::branches(std::string_view device, const ChainId& chain) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM chain WHERE device = ? AND chain = ? ORDER BY branch DESC", fields)));
    TRY(row.bind(device, ByteView(chain.bytes)));
    return rows_of(row);
}

Result<std::map<RowId, ChainRow>> ChainTable::many(const std::set<RowId>& ids) {
    std::map<RowId, ChainRow> chains;
    const std::vector<RowId> keys(ids.begin(), ids.end());
    TRY(ask_together(
        *database_, fmt::format("SELECT {} FROM chain WHERE id IN ({{}})", fields), in_list,
        std::span<const RowId>(keys), [](RowId id) { return std::array{SqlValue(id)}; },
        [&chains](const Statement& row) { chains.emplace(row.integer(0), row_of(row)); }));
    if (auto* const known = known_.of(*database_))
        for (const auto& [id, chain] : chains)
            known->insert_or_assign(id, chain);
    return chains;
}

Result<std::vector<ChainRow>> ChainTable::of_devices(const std::set<std::string>& devices) {
    std::vector<ChainRow> chains;
    const std::vector<std::string_view> keys(devices.begin(), devices.end());
    TRY(ask_together(
        *database_, fmt::format("SELECT {} FROM chain WHERE device IN ({{}})", fields), in_list,
        std::span<const std::string_view>(keys),
        [](std::string_view device) { return std::array{SqlValue(device)}; },
        [&chains](const Statement& row) { chains.push_back(row_of(row)); }));
    return chains;
}

Result<ChainRow> ChainTable::at(RowId id) {
    if (const auto* const known = known_.of(*database_))
        if (const auto row = known->find(id); row != known->end()) return row->second;
    auto row = TRY(database_->prepare(fmt::format("SELECT {} FROM chain WHERE id = ?", fields)));
    TRY(row.bind(id));
    if (!TRY(row.step())) return fail(ErrorCode::not_found, "no chain has the row id {}", id);
    ChainRow chain = row_of(row);
    if (auto* const known = known_.of(*database_)) known->insert_or_assign(id, chain);
    return chain;
}

Result<ChainRow> ChainTable::add(std::string_view device, const ChainId& chain, UtcTime now) {
    auto row =
        TRY(database_->prepare("INSERT INTO chain(device, chain, upto, upto_link, last, confirmed, "
                               "confirmed_link, proven, mismatch, "
                               "checkpoint, duplicates, conflicts, first_seen_at, last_seen_at) "
                               "VALUES(?, ?, 0, ?, 0, 0, ?, 0, 0, 0, 0, 0, ?, ?) RETURNING id"));
    const Digest link = first_link(device, chain);
    return added(
        TRY(row.insert(device, ByteView(chain.bytes), link, link, columns::time(now), columns::time(now))));
}

Result<ChainRow> ChainTable::add_branch(const ChainRow& parent, Seq base, const Digest& base_link,
                                        UtcTime now) {
    auto number = TRY(database_->prepare("SELECT max(branch) + 1 FROM chain WHERE device = ? AND chain = ?"));
    TRY(number.bind(parent.device, ByteView(parent.chain.bytes)));
    TRY(number.step());
    const std::uint64_t branch = number.count(0);
    number.reset();
    auto row = TRY(database_->prepare(
        "INSERT INTO chain(device, chain, branch, base, base_link, upto, upto_link, last, confirmed, "
        "confirmed_link, proven, mismatch, checkpoint, duplicates, conflicts, first_seen_at, last_seen_at, "
        "vouched) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?, ?) RETURNING id"));
    return added(TRY(row.insert(parent.device, ByteView(parent.chain.bytes), branch, base, base_link, base,
                                base_link, base, base, base_link, base, columns::time(now),
                                columns::time(now), std::min(parent.vouched, base))));
}

Result<ChainRow> ChainTable::added(std::optional<RowId> id) {
    if (!id) return fail(ErrorCode::internal, "the store gave no row id for a new chain");
    return at(*id);
}

Result<void> ChainTable::save(const ChainRow& chain) {
    if (auto* const known = known_.of(*database_)) known->insert_or_assign(chain.id, chain);
    auto row = TRY(database_->prepare(
        "UPDATE chain SET upto = ?, upto_link = ?, last = ?, confirmed = ?, confirmed_link = ?, proven = ?, "
        "mismatch = ?, checkpoint = ?, promised = ?, promised_item = ?, held = ?, duplicates = ?, "
        "conflicts = ?, last_seen_at = ?, grown_at = ?, vouched = ? WHERE id = ?"));
    return row.run(chain.upto, chain.upto_link, chain.last, chain.confirmed, chain.confirmed_link,
                   chain.proven, chain.mismatch, chain.checkpoint, chain.promised, chain.promised_item,
                   chain.held, chain.duplicates, chain.conflicts, columns::time(chain.last_seen_at),
                   columns::time(chain.grown_at), chain.vouched, chain.id);
}

Result<void> ChainTable::remove(const ChainRow& chain) {
    if (auto* const known = known_.of(*database_)) known->erase(chain.id);
    for (const char* sql : {"DELETE FROM gap WHERE chain_id = ?", "DELETE FROM receipt WHERE chain_id = ?",
                            "DELETE FROM life WHERE chain_id = ?"}) {
        auto rows = TRY(database_->prepare(sql));
        TRY(rows.run(chain.id));
    }
    auto row = TRY(database_->prepare("DELETE FROM chain WHERE id = ?"));
    return row.run(chain.id);
}

Result<std::uint64_t> ChainTable::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM chain")));
}

Result<std::uint64_t> ChainTable::count_unconfirmed(std::string_view device) {
    auto row = TRY(database_->prepare("SELECT count(*) FROM chain WHERE device = ? AND confirmed = base"));
    TRY(row.bind(device));
    TRY(row.step());
    return row.count(0);
}

Result<bool> ChainTable::is_vouched(std::string_view device) {
    auto row = TRY(database_->prepare("SELECT 1 FROM chain WHERE device = ? AND vouched > 0 LIMIT 1"));
    TRY(row.bind(device));
    return row.step();
}

Result<std::vector<ChainRow>> ChainTable::all(std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM chain ORDER BY device, first_seen_at, id LIMIT ?", fields)));
    TRY(row.bind(static_cast<std::uint64_t>(limit)));
    return rows_of(row);
}

}  // namespace portcullis
