#include "collector/ingest/item_table.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "collector/ingest/ask_together.hpp"
#include "collector/ingest/columns.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

constexpr std::string_view fields =
    "id, chain_id, seq, kind, digest, link, signed_previous, received_at, authenticity, key_trust, "
    "clock, verdict_at";

ItemRow row_of(const Statement& row) {
    ItemRow item;
    item.id = row.integer(0);
    item.chain_id = row.integer(1);
    item.seq = row.count(2);
    item.kind = columns::kind(row, 3);
    item.digest = columns::digest(row, 4);
    item.link = columns::optional_digest(row, 5);
    item.signed_previous = columns::optional_digest(row, 6);
    item.received_at = columns::time(row, 7);
    if (!row.is_null(11)) {
        item.verdict = columns::verdict(row, 8, 9);
        item.verdict->clock = columns::clock_doubt(row, 10);
        item.verdict_at = columns::time(row, 11);
    }
    return item;
}

Result<std::optional<ItemRow>> only_row(Statement& query) {
    if (!TRY(query.step())) return std::optional<ItemRow>();
    return std::optional<ItemRow>(row_of(query));
}

std::optional<TombstoneRow> tombstone_of(const Statement& row) {
    return TombstoneRow{row.count(0), row.count(1), columns::digest(row, 2)};
}

Result<std::int64_t> number(SqlConnection& database, std::string_view sql, RowId chain_id) {
    auto row = TRY(database.prepare(sql));
    TRY(row.bind(chain_id));
    TRY(row.step());
    return row.integer(0);
}

}  // namespace

std::string audience_of(ByteView blob) {
    auto envelope = gate(blob);
    if (!envelope) return {};
    std::ranges::sort(envelope->recipients);
    return fmt::format("{}", fmt::join(envelope->recipients, " "));
}

Result<std::vector<ItemRow>> ItemTable::rows(Statement& query) {
    std::vector<ItemRow> items;
    while (TRY(query.step()))
        items.push_back(row_of(query));
    return items;
}

/// Nothing: no envelope, or the table is full.
Result<std::optional<RowId>> ItemTable::audience_row(ItemKind kind, ByteView blob) {
    const std::string keys = is_statement(kind) ? std::string() : audience_of(blob);
    if (keys.empty()) return std::optional<RowId>();
    auto* const known = audiences_.of(*database_);
    if (known != nullptr)
        if (const auto place = known->find(keys); place != known->end()) return place->second;
    auto insert =
        TRY(database_->prepare("INSERT INTO audience(keys) SELECT CAST(? AS TEXT) WHERE NOT EXISTS(SELECT 1 "
                               "FROM audience WHERE keys = ?) "
                               "AND (SELECT coalesce(max(id), 0) FROM audience) < ?"));
    TRY(insert.run(std::string_view(keys), std::string_view(keys), max_audiences));
    auto select = TRY(database_->prepare("SELECT id FROM audience WHERE keys = ?"));
    TRY(select.bind(std::string_view(keys)));
    std::optional<RowId> row;
    if (TRY(select.step())) row = select.integer(0);
    if (known != nullptr) known->emplace(keys, row);
    return row;
}

Result<RowId> ItemTable::add(const ItemRow& item, ByteView blob) {
    const std::optional<RowId> audience = TRY(audience_row(item.kind, blob));
    auto row = TRY(database_->prepare(
        "INSERT INTO item(chain_id, seq, kind, digest, signed_previous, received_at, audience) "
        "VALUES(?, ?, ?, ?, ?, ?, ?) RETURNING id"));
    const auto id = TRY(row.insert(item.chain_id, item.seq, to_string(item.kind), item.digest,
                                   item.signed_previous, columns::time(item.received_at), audience));
    if (!id) return fail(ErrorCode::internal, "the store gave no row id for a new item");
    auto bytes = TRY(database_->prepare("INSERT INTO blob(item_id, bytes) VALUES(?, ?)"));
    TRY(bytes.run(*id, blob));
    if (KnownItems* const known = known_.of(*database_)) {
        ItemRow added = item;
        added.id = *id;
        added.link.reset();
        added.verdict.reset();
        added.verdict_at.reset();
        known->put(added);
    }
    if (item.verdict)
        TRY(set_verdict(*id, *item.verdict, item.verdict_at.value_or(item.received_at),
                        item.signed_previous));
    if (std::optional<RowId>* const newest = newest_.of(*database_); newest != nullptr && *newest)
        *newest = std::max(**newest, *id);
    return *id;
}

Result<std::vector<ItemRow>> ItemTable::many(const std::set<RowId>& ids) {
    std::vector<ItemRow> items;
    const std::vector<RowId> keys(ids.begin(), ids.end());
    TRY(ask_together(
        *database_, fmt::format("SELECT {} FROM item WHERE id IN ({{}})", fields), in_list,
        std::span<const RowId>(keys), [](RowId id) { return std::array{SqlValue(id)}; },
        [&items](const Statement& row) { items.push_back(row_of(row)); }));
    know(items);
    return items;
}

Result<std::vector<ItemRow>> ItemTable::at_places(const std::set<std::pair<RowId, Seq>>& places) {
    std::vector<ItemRow> items;
    const std::vector<std::pair<RowId, Seq>> keys(places.begin(), places.end());
    TRY(ask_together(
        *database_, fmt::format("SELECT {} FROM item WHERE {{}}", fields),
        KeyList{"(chain_id = ? AND seq = ?)", " OR "}, std::span<const std::pair<RowId, Seq>>(keys),
        [](const std::pair<RowId, Seq>& place) {
            return std::array{SqlValue(place.first), SqlValue(static_cast<std::int64_t>(place.second))};
        },
        [&items](const Statement& row) { items.push_back(row_of(row)); }));
    know(items);
    if (KnownItems* const known = known_.of(*database_))
        for (const auto& [chain_id, seq] : places)
            known->put_nobody(chain_id, seq);
    return items;
}

void ItemTable::know(const std::vector<ItemRow>& items) {
    KnownItems* const known = known_.of(*database_);
    if (known == nullptr) return;
    for (const ItemRow& item : items)
        known->put(item);
}

Result<std::map<RowId, Bytes>> ItemTable::blobs(const std::set<RowId>& ids) {
    std::map<RowId, Bytes> blobs;
    const std::vector<RowId> keys(ids.begin(), ids.end());
    TRY(ask_together(
        *database_, "SELECT item_id, bytes FROM blob WHERE item_id IN ({})", in_list,
        std::span<const RowId>(keys), [](RowId id) { return std::array{SqlValue(id)}; },
        [&blobs](const Statement& row) {
            const ByteView bytes = row.blob(1);
            blobs.emplace(row.integer(0), Bytes(bytes.begin(), bytes.end()));
        }));
    return blobs;
}

Result<std::optional<ItemRow>> ItemTable::find(RowId id) {
    if (KnownItems* const known = known_.of(*database_))
        if (const ItemRow* const item = known->at(id)) return std::optional(*item);
    auto row = TRY(database_->prepare(fmt::format("SELECT {} FROM item WHERE id = ?", fields)));
    TRY(row.bind(id));
    return only_row(row);
}

Result<std::optional<ItemRow>> ItemTable::find(RowId chain_id, Seq seq) {
    if (KnownItems* const known = known_.of(*database_))
        if (auto item = known->at(chain_id, seq)) return *item;
    auto row =
        TRY(database_->prepare(fmt::format("SELECT {} FROM item WHERE chain_id = ? AND seq = ?", fields)));
    TRY(row.bind(chain_id, seq));
    return only_row(row);
}

Result<Bytes> ItemTable::blob(RowId id) {
    auto row = TRY(database_->prepare("SELECT bytes FROM blob WHERE item_id = ?"));
    TRY(row.bind(id));
    if (!TRY(row.step())) return fail(ErrorCode::corrupt, "the store has lost the bytes of item row {}", id);
    const ByteView bytes = row.blob(0);
    return Bytes(bytes.begin(), bytes.end());
}

Result<void> ItemTable::remove(RowId id) {
    if (std::optional<RowId>* const newest = newest_.of(*database_)) newest->reset();
    forget(id);
    auto bytes = TRY(database_->prepare("DELETE FROM blob WHERE item_id = ?"));
    TRY(bytes.run(id));
    auto row = TRY(database_->prepare("DELETE FROM item WHERE id = ?"));
    return row.run(id);
}

Result<std::optional<ItemRow>> ItemTable::read_before(RowId chain_id, Seq seq, Seq reach) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE chain_id = ? AND seq < ? AND seq >= ? AND kind = 'read' "
                    "ORDER BY seq DESC LIMIT 1",
                    fields)));
    TRY(row.bind(chain_id, seq, seq > reach ? seq - reach : Seq{1}));
    return only_row(row);
}

void ItemTable::forget(RowId id) {
    if (KnownItems* const known = known_.of(*database_)) known->forget(id);
}

void ItemTable::forget_all() {
    if (KnownItems* const known = known_.of(*database_)) known->clear();
}

Result<void> ItemTable::set_link(RowId id, const Digest& link) {
    if (KnownItems* const known = known_.of(*database_))
        if (ItemRow* const item = known->at(id)) item->link = link;
    auto row = TRY(database_->prepare("UPDATE item SET link = ? WHERE id = ?"));
    return row.run(link, id);
}

Result<void> ItemTable::clear_links(RowId chain_id, Seq from) {
    forget_all();
    auto row = TRY(database_->prepare(
        "UPDATE item SET link = NULL WHERE chain_id = ? AND seq >= ? AND link IS NOT NULL"));
    return row.run(chain_id, from);
}

Result<void> ItemTable::set_kind(RowId id, ItemKind kind) {
    forget(id);
    auto row = TRY(database_->prepare("UPDATE item SET kind = ?, waits = 0 WHERE id = ?"));
    return row.run(to_string(kind), id);
}

Result<void> ItemTable::set_verdict(RowId id, const Verdict& verdict, UtcTime at,
                                    const std::optional<Digest>& signed_previous) {
    forget(id);
    auto row =
        TRY(database_->prepare("UPDATE item SET authenticity = ?, key_trust = ?, clock = ?, verdict_at = ?, "
                               "waits = 0, signed_previous = ? WHERE id = ?"));
    return row.run(to_string(verdict.authenticity), to_string(verdict.key_trust), to_string(verdict.clock),
                   columns::time(at), signed_previous, id);
}

Result<void> ItemTable::clear_verdict(RowId id) {
    forget(id);
    auto row =
        TRY(database_->prepare("UPDATE item SET authenticity = NULL, key_trust = NULL, clock = NULL, "
                               "verdict_at = NULL, waits = 0 WHERE id = ?"));
    return row.run(id);
}

Result<std::uint64_t> ItemTable::forget_lapsed(RowId chain_id, Seq upto) {
    forget_all();
    auto row = TRY(database_->prepare(
        "UPDATE item SET authenticity = NULL, key_trust = NULL, clock = NULL, verdict_at = NULL, waits = 0 "
        "WHERE chain_id = ? AND seq <= ? AND key_trust = 'lapsed'"));
    return row.run_counted(chain_id, upto);
}

Result<void> ItemTable::clear_misplaced(RowId chain_id, Seq first, Seq last) {
    forget_all();
    auto row = TRY(database_->prepare(
        "UPDATE item SET authenticity = NULL, key_trust = NULL, clock = NULL, "
        "verdict_at = NULL WHERE chain_id = ? AND seq BETWEEN ? AND ? AND authenticity = 'misplaced'"));
    return row.run(chain_id, first, last);
}

Result<void> ItemTable::set_waits(RowId id) {
    auto row = TRY(database_->prepare("UPDATE item SET waits = 1 WHERE id = ?"));
    return row.run(id);
}

Result<void> ItemTable::wake(RowId chain_id, Seq first, Seq last) {
    auto row = TRY(database_->prepare(
        "UPDATE item SET waits = 0 WHERE chain_id = ? AND seq BETWEEN ? AND ? AND waits = 1"));
    return row.run(chain_id, first, last);
}

Result<std::vector<ItemRow>> ItemTable::to_judge(RowId after, std::size_t limit, const WorkShare& share) {
    if (share.of == 0) return std::vector<ItemRow>();
    auto row =
        TRY(database_->prepare(fmt::format("SELECT {} FROM item WHERE verdict_at IS NULL AND waits = 0 AND "
                                           "kind NOT IN ('checkpoint', 'life') "
                                           "AND id > ? AND chain_id % ? = ? ORDER BY id LIMIT ?",
                                           fields)));
    TRY(row.bind(after, share.of, share.rank, static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<std::vector<ItemRow>> ItemTable::statements_to_judge(std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE verdict_at IS NULL AND kind IN ('checkpoint', 'life') "
                    "ORDER BY id LIMIT ?",
                    fields)));
    TRY(row.bind(static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<std::vector<ItemRow>> ItemTable::unknown(RowId after, std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE (authenticity = 'unopened' OR key_trust = 'stranger') "
                    "AND id > ? ORDER BY id LIMIT ?",
                    fields)));
    TRY(row.bind(after, static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<RowId> ItemTable::newest_id() {
    std::optional<RowId>* const known = newest_.of(*database_);
    if (known != nullptr && *known) return **known;
    const RowId newest = TRY(database_->integer("SELECT coalesce(max(id), 0) FROM item"));
    if (known != nullptr) *known = newest;
    return newest;
}

Result<std::vector<ItemRow>> ItemTable::anchors(RowId chain_id, Seq from, std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE chain_id = ? AND seq >= ? AND signed_previous IS NOT NULL "
                    "ORDER BY seq LIMIT ?",
                    fields)));
    TRY(row.bind(chain_id, from, static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<std::vector<ItemRow>> ItemTable::from(RowId chain_id, Seq seq, std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE chain_id = ? AND seq >= ? ORDER BY seq LIMIT ?", fields)));
    TRY(row.bind(chain_id, seq, static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<std::vector<SealedRow>> ItemTable::sealed(RowId chain_id, Seq seq, std::size_t limit) {
    auto query =
        TRY(database_->prepare("SELECT id, seq, kind, received_at, audience FROM item WHERE chain_id = ? AND "
                               "seq >= ? ORDER BY seq LIMIT ?"));
    TRY(query.bind(chain_id, seq, static_cast<std::uint64_t>(limit)));
    std::vector<SealedRow> items;
    while (TRY(query.step())) {
        SealedRow& item = items.emplace_back();
        item.id = query.integer(0);
        item.seq = query.count(1);
        item.kind = columns::kind(query, 2);
        item.received_at = columns::time(query, 3);
        if (!query.is_null(4)) item.audience = query.integer(4);
    }
    return items;
}

Result<std::map<RowId, std::string>> ItemTable::audiences() {
    auto query = TRY(database_->prepare("SELECT id, keys FROM audience"));
    TRY(query.bind());
    std::map<RowId, std::string> all;
    while (TRY(query.step()))
        all.emplace(query.integer(0), query.text(1));
    return all;
}

Result<std::vector<ItemRow>> ItemTable::newest(RowId chain_id, ItemKind kind, UtcTime since,
                                               std::size_t limit) {
    auto row = TRY(database_->prepare(
        fmt::format("SELECT {} FROM item WHERE chain_id = ? AND kind = ? AND received_at >= ? "
                    "ORDER BY seq DESC LIMIT ?",
                    fields)));
    TRY(row.bind(chain_id, to_string(kind), columns::time(since), static_cast<std::uint64_t>(limit)));
    return rows(row);
}

Result<Seq> ItemTable::last_seq(RowId chain_id) {
    return static_cast<Seq>(
        TRY(number(*database_, "SELECT coalesce(max(seq), 0) FROM item WHERE chain_id = ?", chain_id)));
}

Result<std::uint64_t> ItemTable::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM item")));
}

Result<std::vector<VerdictCount>> ItemTable::verdicts(RowId chain_id) {
    auto row = TRY(database_->prepare(
        "SELECT authenticity, key_trust, clock, count(*) FROM item WHERE chain_id = ? GROUP BY 1, 2, 3 "
        "ORDER BY 1 NULLS FIRST, 2, 3"));
    TRY(row.bind(chain_id));
    return columns::verdict_counts(row);
}

Result<bool> TombstoneTable::add(RowId chain_id, const TombstoneRow& tombstone, ByteView blob, UtcTime now) {
    auto row = TRY(
        database_->prepare("INSERT INTO tombstone(chain_id, first, last, link, digest, bytes, received_at) "
                           "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    if (auto* const last = last_.of(*database_)) last->erase(chain_id);
    const std::uint64_t added = TRY(row.run_counted(chain_id, tombstone.first, tombstone.last, tombstone.link,
                                                    sha256(blob), blob, columns::time(now)));
    return added > 0;
}

Result<void> TombstoneTable::expect(const std::set<RowId>& chains) {
    auto* const last = last_.of(*database_);
    if (last == nullptr) return {};
    const std::vector<RowId> keys(chains.begin(), chains.end());
    for (const RowId chain : chains)
        last->insert_or_assign(chain, 0);
    return ask_together(
        *database_, "SELECT chain_id, max(last) FROM tombstone WHERE chain_id IN ({}) GROUP BY chain_id",
        in_list, std::span<const RowId>(keys), [](RowId id) { return std::array{SqlValue(id)}; },
        [last](const Statement& row) { last->insert_or_assign(row.integer(0), row.count(1)); });
}

Result<std::optional<TombstoneRow>> TombstoneTable::covering(RowId chain_id, Seq seq) {
    if (auto* const last = last_.of(*database_))
        if (const auto known = last->find(chain_id); known != last->end() && known->second < seq)
            return std::optional<TombstoneRow>();
    auto row = TRY(database_->prepare(
        "SELECT first, last, link FROM tombstone WHERE chain_id = ? AND last >= ? AND first <= ? "
        "ORDER BY last DESC, first DESC LIMIT 1"));
    TRY(row.bind(chain_id, seq, seq));
    if (!TRY(row.step())) return std::optional<TombstoneRow>();
    return tombstone_of(row);
}

Result<std::optional<TombstoneRow>> TombstoneTable::ending_at(RowId chain_id, Seq last) {
    auto row = TRY(database_->prepare(
        "SELECT first, last, link FROM tombstone WHERE chain_id = ? AND last = ? ORDER BY first LIMIT 1"));
    TRY(row.bind(chain_id, last));
    if (!TRY(row.step())) return std::optional<TombstoneRow>();
    return tombstone_of(row);
}

Result<Seq> TombstoneTable::last_seq(RowId chain_id) {
    return static_cast<Seq>(
        TRY(number(*database_, "SELECT coalesce(max(last), 0) FROM tombstone WHERE chain_id = ?", chain_id)));
}

}  // namespace portcullis
