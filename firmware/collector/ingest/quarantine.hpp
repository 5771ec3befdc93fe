#pragma once
// Quarantine: blobs that have no place (or lost it), with the reason and the time. Bounded in rows and bytes;
// what was refused at the gate and what an unknown key signed have shares of their own, so that junk cannot
// push out a blob with a claim to a place. The oldest go first. What may have been receipted is not pruned at
// all: its device has forgotten it; for want of room its chain gets no further receipts. Thread-bound, like
// the connection that it borrows.

#include <set>
#include <string>
#include <vector>

#include "collector/ingest/in_transaction.hpp"
#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// Rows that are alike, counted.
struct QuarantineHeap {
    std::string device;
    ChainId chain;
    ItemKind kind = ItemKind::read;
    QuarantineReason reason = QuarantineReason::refused;
    Verdict verdict;
    bool weighed = false;
    std::uint64_t count = 0;
    Seq first = 0;
    Seq last = 0;
};

struct QuarantineLimits {
    std::uint64_t rows = 10'000;
    std::uint64_t bytes = std::uint64_t{256} * 1024 * 1024;
    /// Of one device, beyond both: what lost its place after a receipt.
    std::uint64_t kept_rows = 4'096;
    std::uint64_t kept_bytes = std::uint64_t{256} * 1024 * 1024;
};

/// Of one place no more blobs are kept.
inline constexpr std::uint64_t max_claims_per_place = 4;

class Quarantine {
  public:
    Quarantine(SqlConnection& database, const QuarantineLimits& limits)
        : database_(&database), limits_(limits) {}

    [[nodiscard]] Result<void> add(const QuarantineRow& row, ByteView blob);
    /// All blobs that came for one place and were not refused outright, oldest first.
    [[nodiscard]] Result<std::vector<QuarantineRow>> claims(std::string_view device, const ChainId& chain,
                                                            Seq seq);
    /// Whether what was receipted and lost its place has no room for more of this device.
    [[nodiscard]] Result<bool> kept_is_full(std::string_view device);
    /// The device has signed who stands up to seq: what is left over there is like any other.
    [[nodiscard]] Result<void> settle_kept(std::string_view device, const ChainId& chain, Seq upto);
    /// Judged unopened or by an unknown key, and without a place; row ids above `after`.
    [[nodiscard]] Result<std::vector<QuarantineRow>> unknown(RowId after, std::size_t limit);
    /// Statements signed by a key that was not known; row ids above `after`.
    [[nodiscard]] Result<std::vector<QuarantineRow>> unverified(RowId after, std::size_t limit);
    [[nodiscard]] Result<std::optional<QuarantineRow>> find(RowId id);
    /// Reads, or statements, that came second to a place and that nobody has looked at; row ids above
    /// `after`.
    [[nodiscard]] Result<std::vector<QuarantineRow>> unweighed(bool statements, RowId after,
                                                               std::size_t limit);
    /// It came again: look at it again.
    [[nodiscard]] Result<void> unweigh(RowId id);
    [[nodiscard]] Result<void> set_weighed(RowId id, const Verdict& verdict);
    [[nodiscard]] Result<void> set_reason(RowId id, QuarantineReason reason);
    [[nodiscard]] Result<bool> has_claims_above(std::string_view device, const ChainId& chain, Seq seq);
    [[nodiscard]] Result<Bytes> blob(RowId id);
    [[nodiscard]] Result<void> remove(RowId id);
    /// The same blob, refused at the same place before. (A tombstone's is its last.)
    [[nodiscard]] Result<void> forget_refused(const QuarantineRow& same);
    /// What a lapsed key declared within first..last: now a key that is believed has.
    [[nodiscard]] Result<void> forget_lapsed(std::string_view device, const ChainId& chain, Seq first,
                                             Seq last);
    /// Tombstones that the device's own, lapsed key signed: they close no gap. first..seq is what they
    /// declare.
    [[nodiscard]] Result<std::vector<QuarantineRow>> lapsed_tombstones(std::string_view device,
                                                                       const ChainId& chain,
                                                                       std::size_t limit);
    [[nodiscard]] Result<std::vector<QuarantineRow>> newest(std::size_t limit);
    [[nodiscard]] Result<std::vector<VerdictCount>> verdicts(std::string_view device, const ChainId& chain);
    [[nodiscard]] Result<std::vector<QuarantineHeap>> heaps(std::size_t limit);
    [[nodiscard]] Result<std::uint64_t> count();
    [[nodiscard]] Result<RowId> newest_id();

  private:
    /// Devices with rows, unless they are many.
    struct Devices {
        bool asked = false;
        bool many = false;
        std::set<std::string, std::less<>> names;
    };
    /// False: it may have some.
    [[nodiscard]] Result<bool> has_none_of(std::string_view device);
    [[nodiscard]] Result<std::vector<QuarantineRow>> rows(Statement& query);
    [[nodiscard]] Result<void> prune_place(const QuarantineRow& row);
    [[nodiscard]] Result<void> prune_share(std::string_view share, std::uint64_t rows, std::uint64_t bytes);
    SqlConnection* database_;
    QuarantineLimits limits_;
    InTransaction<Devices> devices_;
};

}  // namespace portcullis
