#pragma once
// The gap ledger: which seqs of a chain did not come, when that was noticed, and what closed it: the item
// itself, or its device's tombstone. Open gaps never overlap. Thread-bound, like the connection it borrows.

#include <vector>

#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// Of closed gaps only the newest stay: outsiders can make any number of them.
inline constexpr std::uint64_t max_closed_gaps = 10'000;

class GapTable {
  public:
    explicit GapTable(SqlConnection& database) : database_(&database) {}

    [[nodiscard]] Result<void> open(RowId chain_id, Seq first, Seq last, UtcTime now);
    /// first..last is there now (or declared shed): closes what of it was open.
    [[nodiscard]] Result<void> close(RowId chain_id, Seq first, Seq last, UtcTime now, Declared declared);
    /// Nothing is known to exist above `last` any more.
    [[nodiscard]] Result<void> forget_above(RowId chain_id, Seq last);
    [[nodiscard]] Result<std::vector<GapRow>> of(RowId chain_id, bool open, std::size_t limit);
    [[nodiscard]] Result<std::uint64_t> count_open();
    [[nodiscard]] Result<void> prune();

  private:
    struct OpenGap {
        RowId id;
        Seq first;
        Seq last;
        std::int64_t noticed_at;
    };
    [[nodiscard]] Result<std::vector<OpenGap>> touching(RowId chain_id, Seq first, Seq last);
    [[nodiscard]] Result<void> insert_open(RowId chain_id, Seq first, Seq last, std::int64_t noticed_at);
    [[nodiscard]] Result<void> note_closed(RowId chain_id, const OpenGap& part, UtcTime now,
                                           Declared declared);
    SqlConnection* database_;
};

}  // namespace portcullis
