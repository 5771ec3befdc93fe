#include "collector/ingest/receipt_table.hpp"

#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

/// The old ones go in batches: with about each 64th, as its digest has it.
constexpr unsigned prune_every = 64;

}  // namespace

Result<void> ReceiptTable::add(const ReceiptRow& receipt) {
    auto row = TRY(database_->prepare(
        "INSERT INTO receipt(chain_id, upto, digest, at) SELECT id, ?, ?, ? FROM chain WHERE id = ?"));
    TRY(row.run(receipt.upto, receipt.given.digest, columns::time(receipt.given.at.value_or(UtcTime())),
                receipt.chain_id));
    if (std::to_integer<unsigned>(receipt.given.digest[0]) % prune_every != 0) return {};
    auto oldest = TRY(database_->prepare(
        "DELETE FROM receipt WHERE chain_id = ? AND id <= (SELECT id FROM receipt WHERE chain_id = ? "
        "ORDER BY id DESC LIMIT 1 OFFSET ?)"));
    return oldest.run(receipt.chain_id, receipt.chain_id, max_receipts_per_chain);
}

Result<std::vector<GivenReceipt>> ReceiptTable::newest_before(RowId chain_id, Seq seq, std::size_t limit) {
    // Only among the newest: while a device catches up, those that it can name are far behind.
    auto row = TRY(database_->prepare(
        "SELECT digest, at FROM (SELECT digest, at, upto, id FROM receipt WHERE chain_id = ? "
        "ORDER BY id DESC LIMIT 16) AS newest WHERE upto < ? ORDER BY id DESC LIMIT ?"));
    TRY(row.bind(chain_id, seq, static_cast<std::uint64_t>(limit)));
    std::vector<GivenReceipt> receipts;
    while (TRY(row.step()))
        receipts.push_back({columns::digest(row, 0), columns::time(row, 1)});
    return receipts;
}

Result<GivenReceipt> ReceiptTable::find(const Digest& digest) {
    GivenReceipt receipt{digest, std::nullopt};
    auto row = TRY(database_->prepare("SELECT at FROM receipt WHERE digest = ? LIMIT 1"));
    TRY(row.bind(digest));
    if (TRY(row.step())) receipt.at = columns::time(row, 0);
    return receipt;
}

}  // namespace portcullis
