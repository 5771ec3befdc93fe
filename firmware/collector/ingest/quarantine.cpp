#include "collector/ingest/quarantine.hpp"

#include <array>

#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

/// Junk gets a quarter of the space.
constexpr std::uint64_t refused_share = 4;

constexpr std::array<std::string_view, 4> reasons{"refused", "condemned", "conflicting", "superseded"};

constexpr std::string_view fields =
    "id, device, chain, seq, kind, digest, reason, authenticity, key_trust, received_at, quarantined_at";

QuarantineReason reason_of(std::string_view text) {
    for (std::size_t i = 0; i < reasons.size(); ++i)
        if (reasons[i] == text) return static_cast<QuarantineReason>(i);
    return QuarantineReason::refused;
}

}  // namespace

std::string_view to_string(QuarantineReason reason) {
    return reasons[static_cast<std::size_t>(reason)];
}

Result<std::vector<QuarantineRow>> Quarantine::rows(Statement& query) {
    std::vector<QuarantineRow> all;
    while (TRY(query.step())) {
        QuarantineRow row;
        row.id = query.integer(0);
        row.device = query.text(1);
        row.chain = columns::chain(query, 2);
        row.seq = query.count(3);
        row.kind = columns::kind(query, 4);
        row.digest = columns::digest(query, 5);
        row.reason = reason_of(query.text(6));
        row.verdict = columns::verdict(query, 7, 8);
        row.received_at = columns::time(query, 9);
        row.quarantined_at = columns::time(query, 10);
        all.push_back(std::move(row));
    }
    return all;
}

Result<void> Quarantine::add(const QuarantineRow& row, ByteView blob) {
    auto insert = TRY(database_->prepare(
        "INSERT INTO quarantine(device, chain, seq, kind, digest, reason, authenticity, key_trust, "
        "received_at, quarantined_at, size, bytes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY(insert.run(row.device, ByteView(row.chain.bytes), row.seq, to_string(row.kind), row.digest,
                   to_string(row.reason), to_string(row.verdict.authenticity),
                   to_string(row.verdict.key_trust), columns::time(row.received_at),
                   columns::time(row.quarantined_at), static_cast<std::uint64_t>(blob.size()), blob));
    const bool refused = row.reason == QuarantineReason::refused;
    if (!refused) TRY(prune_place(row));
    const std::uint64_t rows = limits_.rows / refused_share;
    const std::uint64_t bytes = limits_.bytes / refused_share;
    return refused ? prune_share(true, rows, bytes)
                   : prune_share(false, limits_.rows - rows, limits_.bytes - bytes);
}

Result<void> Quarantine::prune_place(const QuarantineRow& row) {
    auto surplus = TRY(database_->prepare(
        "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE device = ? AND chain = ? "
        "AND seq = ? AND reason <> 'refused' ORDER BY id DESC LIMIT -1 OFFSET ?)"));
    return surplus.run(row.device, ByteView(row.chain.bytes), row.seq, max_claims_per_place);
}

Result<void> Quarantine::prune_share(bool refused, std::uint64_t rows, std::uint64_t bytes) {
    auto sums = TRY(database_->prepare(
        "SELECT count(*), ifnull(sum(size), 0) FROM quarantine WHERE (reason = 'refused') = ?"));
    auto oldest = TRY(database_->prepare(
        "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine WHERE (reason = 'refused') = ?)"));
    for (;;) {
        TRY(sums.bind(refused));
        TRY(sums.step());
        const bool fits = sums.count(0) <= rows && sums.count(1) <= bytes;
        const bool empty = sums.count(0) == 0;
        sums.reset();
        if (fits || empty) return {};
        TRY(oldest.run(refused));
    }
}

Result<std::vector<QuarantineRow>> Quarantine::claims(std::string_view device, const ChainId& chain,
                                                      Seq seq) {
    auto query = TRY(database_->prepare(fmt::format(
        "SELECT {} FROM quarantine WHERE device = ? AND chain = ? AND seq = ? AND reason <> 'refused' "
        "ORDER BY id",
        fields)));
    TRY(query.bind(device, ByteView(chain.bytes), seq));
    return rows(query);
}

Result<bool> Quarantine::has_claims_above(std::string_view device, const ChainId& chain, Seq seq) {
    auto query = TRY(database_->prepare(
        "SELECT 1 FROM quarantine WHERE device = ? AND chain = ? AND seq > ? AND reason <> 'refused' "
        "LIMIT 1"));
    TRY(query.bind(device, ByteView(chain.bytes), seq));
    return query.step();
}

Result<Bytes> Quarantine::blob(RowId id) {
    auto query = TRY(database_->prepare("SELECT bytes FROM quarantine WHERE id = ?"));
    TRY(query.bind(id));
    if (!TRY(query.step())) return fail(ErrorCode::not_found, "no quarantine row has the id {}", id);
    const ByteView bytes = query.blob(0);
    return Bytes(bytes.begin(), bytes.end());
}

Result<void> Quarantine::remove(RowId id) {
    auto row = TRY(database_->prepare("DELETE FROM quarantine WHERE id = ?"));
    return row.run(id);
}

Result<std::vector<QuarantineRow>> Quarantine::newest(std::size_t limit) {
    auto query =
        TRY(database_->prepare(fmt::format("SELECT {} FROM quarantine ORDER BY id DESC LIMIT ?", fields)));
    TRY(query.bind(static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<std::vector<VerdictCount>> Quarantine::verdicts(std::string_view device, const ChainId& chain) {
    auto query =
        TRY(database_->prepare("SELECT authenticity, key_trust, count(*) FROM quarantine WHERE device = ? "
                               "AND chain = ? GROUP BY 1, 2"));
    TRY(query.bind(device, ByteView(chain.bytes)));
    return columns::verdict_counts(query);
}

Result<std::uint64_t> Quarantine::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM quarantine")));
}

Result<void> IncidentTable::add(const IncidentRow& incident) {
    auto row =
        TRY(database_->prepare("INSERT INTO incident(at, device, chain, seq, what) VALUES(?, ?, ?, ?, ?)"));
    TRY(row.run(columns::time(incident.at), incident.device, ByteView(incident.chain.bytes), incident.seq,
                incident.what));
    // Row ids only grow, so this keeps the newest.
    auto oldest = TRY(database_->prepare("DELETE FROM incident WHERE id <= ?"));
    return oldest.run(database_->last_row_id() - static_cast<std::int64_t>(max_incidents));
}

Result<std::vector<IncidentRow>> IncidentTable::newest(std::size_t limit) {
    auto query =
        TRY(database_->prepare("SELECT at, device, chain, seq, what FROM incident ORDER BY id DESC LIMIT ?"));
    TRY(query.bind(static_cast<std::uint64_t>(limit)));
    std::vector<IncidentRow> all;
    while (TRY(query.step()))
        all.push_back({columns::time(query, 0), std::string(query.text(1)), columns::chain(query, 2),
                       query.count(3), std::string(query.text(4))});
    return all;
}

Result<std::uint64_t> IncidentTable::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM incident")));
}

}  // namespace portcullis
