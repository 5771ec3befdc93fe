#include "collector/ingest/quarantine.hpp"

#include <array>

#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

/// Junk gets a quarter of the space, statements of unknown keys an eighth.
constexpr std::uint64_t refused_share = 4;
constexpr std::uint64_t unverified_share = 8;

/// Of so many devices it is remembered, within a transaction, that they have rows.
constexpr std::size_t max_known_devices = 64;

constexpr std::array<std::string_view, 5> reasons{"refused", "condemned", "conflicting", "superseded",
                                                  "unverified"};

constexpr std::string_view fields =
    "id, device, chain, seq, kind, digest, reason, authenticity, key_trust, received_at, quarantined_at, "
    "first, kept, weighed";

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
        row.first = query.count(11);
        row.kept = query.integer(12) != 0;
        row.weighed = query.integer(13) != 0;
        all.push_back(std::move(row));
    }
    return all;
}

/// Most devices never have one, and each item that comes would ask four times.
Result<bool> Quarantine::has_none_of(std::string_view device) {
    Devices* const known = devices_.of(*database_);
    if (known == nullptr) return false;
    if (!known->asked) {
        auto query = TRY(database_->prepare("SELECT DISTINCT device FROM quarantine LIMIT ?"));
        TRY(query.bind(static_cast<std::uint64_t>(max_known_devices + 1)));
        while (TRY(query.step()))
            known->names.emplace(query.text(0));
        known->many = known->names.size() > max_known_devices;
        known->asked = true;
    }
    return !known->many && !known->names.contains(device);
}

Result<void> Quarantine::add(const QuarantineRow& row, ByteView blob) {
    if (Devices* const known = devices_.of(*database_)) known->names.insert(row.device);
    auto insert = TRY(database_->prepare(
        "INSERT INTO quarantine(device, chain, seq, first, kind, digest, reason, authenticity, key_trust, "
        "received_at, quarantined_at, size, kept, weighed, bytes) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY(insert.run(row.device, ByteView(row.chain.bytes), row.seq, row.first, to_string(row.kind), row.digest,
                   to_string(row.reason), to_string(row.verdict.authenticity),
                   to_string(row.verdict.key_trust), columns::time(row.received_at),
                   columns::time(row.quarantined_at), static_cast<std::uint64_t>(blob.size()), row.kept,
                   row.weighed, blob));
    if (row.kept) return {};
    if (row.reason != QuarantineReason::refused) TRY(prune_place(row));
    const std::uint64_t rows = limits_.rows;
    const std::uint64_t bytes = limits_.bytes;
    switch (row.reason) {
        case QuarantineReason::refused:
            return prune_share("reason = 'refused'", rows / refused_share, bytes / refused_share);
        case QuarantineReason::unverified:
            return prune_share("reason = 'unverified'", rows / unverified_share, bytes / unverified_share);
        default:
            return prune_share("reason NOT IN ('refused', 'unverified')",
                               rows - rows / refused_share - rows / unverified_share,
                               bytes - bytes / refused_share - bytes / unverified_share);
    }
}

Result<void> Quarantine::prune_place(const QuarantineRow& row) {
    const bool unverified = row.reason == QuarantineReason::unverified;
    auto surplus = TRY(database_->prepare(fmt::format(
        "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE device = ? AND chain = ? "
        "AND seq = ? AND reason <> 'refused' AND reason {} 'unverified' AND kept = 0 "
        "ORDER BY id DESC LIMIT 9223372036854775807 OFFSET ?)",
        unverified ? "=" : "<>")));
    return surplus.run(row.device, ByteView(row.chain.bytes), row.seq, max_claims_per_place);
}

Result<void> Quarantine::prune_share(std::string_view share, std::uint64_t rows, std::uint64_t bytes) {
    auto sums = TRY(database_->prepare(fmt::format(
        "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM quarantine WHERE {} AND kept = 0",
        share)));
    auto oldest = TRY(database_->prepare(fmt::format(
        "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine WHERE {} AND kept = 0)", share)));
    for (;;) {
        TRY(sums.bind());
        TRY(sums.step());
        const bool fits = sums.count(0) <= rows && sums.count(1) <= bytes;
        const bool empty = sums.count(0) == 0;
        sums.reset();
        if (fits || empty) return {};
        TRY(oldest.run());
    }
}

Result<bool> Quarantine::kept_is_full(std::string_view device) {
    if (TRY(has_none_of(device))) return false;
    auto query =
        TRY(database_->prepare("SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM quarantine "
                               "WHERE kept = 1 AND device = ?"));
    TRY(query.bind(device));
    TRY(query.step());
    return query.count(0) >= limits_.kept_rows || query.count(1) >= limits_.kept_bytes;
}

Result<void> Quarantine::settle_kept(std::string_view device, const ChainId& chain, Seq upto) {
    if (TRY(has_none_of(device))) return {};
    auto row = TRY(database_->prepare(
        "UPDATE quarantine SET kept = 0 WHERE kept = 1 AND device = ? AND chain = ? AND seq <= ?"));
    return row.run(device, ByteView(chain.bytes), upto);
}

Result<std::vector<QuarantineRow>> Quarantine::unknown(RowId after, std::size_t limit) {
    auto query = TRY(database_->prepare(
        fmt::format("SELECT {} FROM quarantine WHERE (authenticity = 'unopened' OR key_trust = 'stranger') "
                    "AND id > ? AND reason NOT IN ('refused', 'unverified') ORDER BY id LIMIT ?",
                    fields)));
    TRY(query.bind(after, static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<std::vector<QuarantineRow>> Quarantine::unverified(RowId after, std::size_t limit) {
    auto query = TRY(database_->prepare(fmt::format(
        "SELECT {} FROM quarantine WHERE reason = 'unverified' AND id > ? ORDER BY id LIMIT ?", fields)));
    TRY(query.bind(after, static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<std::optional<QuarantineRow>> Quarantine::find(RowId id) {
    auto query = TRY(database_->prepare(fmt::format("SELECT {} FROM quarantine WHERE id = ?", fields)));
    TRY(query.bind(id));
    auto found = TRY(rows(query));
    return found.empty() ? std::optional<QuarantineRow>() : std::optional(std::move(found.front()));
}

Result<std::vector<QuarantineRow>> Quarantine::unweighed(bool statements, RowId after, std::size_t limit) {
    auto query = TRY(database_->prepare(
        fmt::format("SELECT {} FROM quarantine WHERE weighed = 0 AND reason = 'conflicting' AND id > ? AND "
                    "kind {} ('checkpoint', 'life') ORDER BY id LIMIT ?",
                    fields, statements ? "IN" : "NOT IN")));
    TRY(query.bind(after, static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<void> Quarantine::unweigh(RowId id) {
    auto row = TRY(database_->prepare("UPDATE quarantine SET weighed = 0 WHERE id = ?"));
    return row.run(id);
}

Result<void> Quarantine::set_weighed(RowId id, const Verdict& verdict) {
    auto row = TRY(database_->prepare(
        "UPDATE quarantine SET weighed = 1, authenticity = ?, key_trust = ? WHERE id = ?"));
    return row.run(to_string(verdict.authenticity), to_string(verdict.key_trust), id);
}

Result<void> Quarantine::set_reason(RowId id, QuarantineReason reason) {
    auto row = TRY(database_->prepare("UPDATE quarantine SET reason = ? WHERE id = ?"));
    return row.run(to_string(reason), id);
}

Result<std::vector<QuarantineRow>> Quarantine::claims(std::string_view device, const ChainId& chain,
                                                      Seq seq) {
    if (TRY(has_none_of(device))) return std::vector<QuarantineRow>();
    auto query = TRY(database_->prepare(fmt::format(
        "SELECT {} FROM quarantine WHERE device = ? AND chain = ? AND seq = ? AND reason <> 'refused' "
        "AND kind <> 'tombstone' ORDER BY id",
        fields)));
    TRY(query.bind(device, ByteView(chain.bytes), seq));
    return rows(query);
}

Result<bool> Quarantine::has_claims_above(std::string_view device, const ChainId& chain, Seq seq) {
    if (TRY(has_none_of(device))) return false;
    auto query = TRY(database_->prepare(
        "SELECT 1 FROM quarantine WHERE device = ? AND chain = ? AND seq > ? AND reason <> 'refused' "
        "AND kind <> 'tombstone' LIMIT 1"));
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

Result<void> Quarantine::forget_refused(const QuarantineRow& same) {
    auto row = TRY(
        database_->prepare("DELETE FROM quarantine WHERE device = ? AND chain = ? AND seq = ? AND digest = ? "
                           "AND reason = 'refused' AND kept = 0"));
    return row.run(same.device, ByteView(same.chain.bytes), same.seq, same.digest);
}

Result<void> Quarantine::forget_lapsed(std::string_view device, const ChainId& chain, Seq first, Seq last) {
    auto row = TRY(database_->prepare(
        "DELETE FROM quarantine WHERE device = ? AND chain = ? AND seq <= ? AND first >= ? "
        "AND kind = 'tombstone' AND authenticity = 'authentic' AND key_trust = 'lapsed' AND kept = 0"));
    return row.run(device, ByteView(chain.bytes), last, first);
}

Result<std::vector<QuarantineRow>> Quarantine::lapsed_tombstones(std::string_view device,
                                                                 const ChainId& chain, std::size_t limit) {
    auto query = TRY(database_->prepare(
        fmt::format("SELECT {} FROM quarantine WHERE device = ? AND chain = ? AND kind = 'tombstone' "
                    "AND authenticity = 'authentic' AND key_trust = 'lapsed' ORDER BY first LIMIT ?",
                    fields)));
    TRY(query.bind(device, ByteView(chain.bytes), static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<std::vector<QuarantineRow>> Quarantine::newest(std::size_t limit) {
    auto query =
        TRY(database_->prepare(fmt::format("SELECT {} FROM quarantine ORDER BY id DESC LIMIT ?", fields)));
    TRY(query.bind(static_cast<std::uint64_t>(limit)));
    return rows(query);
}

Result<std::vector<VerdictCount>> Quarantine::verdicts(std::string_view device, const ChainId& chain) {
    auto query =
        TRY(database_->prepare("SELECT authenticity, key_trust, 'none', count(*) FROM quarantine WHERE "
                               "device = ? AND chain = ? GROUP BY 1, 2 ORDER BY 1, 2"));
    TRY(query.bind(device, ByteView(chain.bytes)));
    return columns::verdict_counts(query);
}

Result<std::vector<QuarantineHeap>> Quarantine::heaps(std::size_t limit) {
    auto query = TRY(database_->prepare(
        "SELECT device, chain, kind, reason, authenticity, key_trust, weighed, count(*), min(seq), max(seq) "
        "FROM quarantine GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 9, 3, 4, 5, 6, 7 LIMIT ?"));
    TRY(query.bind(static_cast<std::uint64_t>(limit)));
    std::vector<QuarantineHeap> heaps;
    while (TRY(query.step())) {
        QuarantineHeap heap;
        heap.device = query.text(0);
        heap.chain = columns::chain(query, 1);
        heap.kind = columns::kind(query, 2);
        heap.reason = reason_of(query.text(3));
        heap.verdict = columns::verdict(query, 4, 5);
        heap.weighed = query.integer(6) != 0;
        heap.count = query.count(7);
        heap.first = query.count(8);
        heap.last = query.count(9);
        heaps.push_back(std::move(heap));
    }
    return heaps;
}

Result<std::uint64_t> Quarantine::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM quarantine")));
}

Result<RowId> Quarantine::newest_id() {
    return database_->integer("SELECT coalesce(max(id), 0) FROM quarantine");
}

}  // namespace portcullis
