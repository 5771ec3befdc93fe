#pragma once
// The stored items: sealed bytes as they came, their place, their link, their verdict. Thread-bound, like the
// connection that it borrows.

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "collector/ingest/crew.hpp"
#include "collector/ingest/in_transaction.hpp"
#include "collector/ingest/known_items.hpp"
#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// The ids of the keys that open it, ascending, with blanks between; empty when it is no envelope of ours.
[[nodiscard]] std::string audience_of(ByteView blob);

/// Junk may name keys that nobody has. What comes beyond names none in its row: its blob does.
inline constexpr RowId max_audiences = 100'000;

class ItemTable {
  public:
    explicit ItemTable(SqlConnection& database) : database_(&database) {}

    /// Errors: refused (the place is taken).
    [[nodiscard]] Result<RowId> add(const ItemRow& item, ByteView blob);
    [[nodiscard]] Result<std::optional<ItemRow>> find(RowId id);
    [[nodiscard]] Result<std::optional<ItemRow>> find(RowId chain_id, Seq seq);
    /// What `find` is about to be asked, in one question; inside a transaction it knows the rows then, and
    /// of the places also where nothing stands.
    [[nodiscard]] Result<std::vector<ItemRow>> many(const std::set<RowId>& ids);
    [[nodiscard]] Result<std::vector<ItemRow>> at_places(const std::set<std::pair<RowId, Seq>>& places);
    [[nodiscard]] Result<Bytes> blob(RowId id);
    /// The same of many, in one question.
    [[nodiscard]] Result<std::map<RowId, Bytes>> blobs(const std::set<RowId>& ids);
    [[nodiscard]] Result<void> remove(RowId id);
    /// The nearest read before seq, at most `reach` places away.
    [[nodiscard]] Result<std::optional<ItemRow>> read_before(RowId chain_id, Seq seq, Seq reach);

    [[nodiscard]] Result<void> set_link(RowId id, const Digest& link);
    /// From seq on the links are not known any more.
    [[nodiscard]] Result<void> clear_links(RowId chain_id, Seq from);
    [[nodiscard]] Result<void> set_kind(RowId id, ItemKind kind);
    [[nodiscard]] Result<void> set_verdict(RowId id, const Verdict& verdict, UtcTime at,
                                           const std::optional<Digest>& signed_previous);
    /// Judge again the misplaced ones of first..last: the item before them has changed.
    [[nodiscard]] Result<void> clear_misplaced(RowId chain_id, Seq first, Seq last);
    /// Judge again: the opener has another key, or knows another signer.
    [[nodiscard]] Result<void> clear_verdict(RowId id);
    /// The verdicts of a chain's items that were signed by a key that had lapsed there; how many they were.
    [[nodiscard]] Result<std::uint64_t> forget_lapsed(RowId chain_id, Seq upto);
    /// A picture that waits for its read is not offered to the opener; a read that came wakes those after it.
    [[nodiscard]] Result<void> set_waits(RowId id);
    [[nodiscard]] Result<void> wake(RowId chain_id, Seq first, Seq last);

    /// Without verdict and for the opener, in order of arrival, with row ids above `after`, of the share's
    /// chains.
    [[nodiscard]] Result<std::vector<ItemRow>> to_judge(RowId after, std::size_t limit,
                                                        const WorkShare& share);
    /// Without verdict and for ingest itself: statements.
    [[nodiscard]] Result<std::vector<ItemRow>> statements_to_judge(std::size_t limit);
    /// Unopened, or signed by a stranger; row ids above `after`.
    [[nodiscard]] Result<std::vector<ItemRow>> unknown(RowId after, std::size_t limit);
    [[nodiscard]] Result<RowId> newest_id();
    /// Items with a signed link of an item before them, from seq on.
    [[nodiscard]] Result<std::vector<ItemRow>> anchors(RowId chain_id, Seq from, std::size_t limit);
    /// The items of a chain in order, from seq on.
    [[nodiscard]] Result<std::vector<ItemRow>> from(RowId chain_id, Seq seq, std::size_t limit);
    /// The same, and nothing of them but to whom they are sealed: no blob is read for it.
    [[nodiscard]] Result<std::vector<SealedRow>> sealed(RowId chain_id, Seq seq, std::size_t limit);
    /// SealedRow::audience -> audience_of.
    [[nodiscard]] Result<std::map<RowId, std::string>> audiences();
    /// Of one kind, received at `since` or later, newest first.
    [[nodiscard]] Result<std::vector<ItemRow>> newest(RowId chain_id, ItemKind kind, UtcTime since,
                                                      std::size_t limit);
    [[nodiscard]] Result<Seq> last_seq(RowId chain_id);  // 0: none
    [[nodiscard]] Result<std::uint64_t> count();
    [[nodiscard]] Result<std::vector<VerdictCount>> verdicts(RowId chain_id);

  private:
    [[nodiscard]] Result<std::vector<ItemRow>> rows(Statement& query);
    void know(const std::vector<ItemRow>& items);
    void forget(RowId id);
    void forget_all();
    [[nodiscard]] Result<std::optional<RowId>> audience_row(ItemKind kind, ByteView blob);
    SqlConnection* database_;
    InTransaction<std::optional<RowId>> newest_;
    InTransaction<KnownItems> known_;
    InTransaction<std::map<std::string, std::optional<RowId>>> audiences_;
};

/// Signed statements that items were shed.
class TombstoneTable {
  public:
    explicit TombstoneTable(SqlConnection& database) : database_(&database) {}

    /// False when the very same span is there already.
    [[nodiscard]] Result<bool> add(RowId chain_id, const TombstoneRow& tombstone, ByteView blob, UtcTime now);
    /// The one that reaches furthest of those which cover seq.
    [[nodiscard]] Result<std::optional<TombstoneRow>> covering(RowId chain_id, Seq seq);
    [[nodiscard]] Result<std::optional<TombstoneRow>> ending_at(RowId chain_id, Seq last);
    [[nodiscard]] Result<Seq> last_seq(RowId chain_id);  // 0: none
    /// For `covering` of these chains' places, inside a transaction: one question tells where none can be.
    [[nodiscard]] Result<void> expect(const std::set<RowId>& chains);

  private:
    SqlConnection* database_;
    InTransaction<std::map<RowId, Seq>> last_;  // of chains: no tombstone reaches further
};

}  // namespace portcullis
