#pragma once
// The receipts that were given, of each chain the newest: a read names the one that its device had when it
// was captured. Thread-bound, like the connection that it borrows.

#include <vector>

#include "collector/ingest/rows.hpp"
#include "collector/link/open_exchange.hpp"
#include "ports/sql.hpp"

namespace portcullis {

inline constexpr std::uint64_t max_receipts_per_chain = 1024;

struct ReceiptRow {
    RowId chain_id = 0;
    Seq upto = 0;
    GivenReceipt given;
};

class ReceiptTable {
  public:
    explicit ReceiptTable(SqlConnection& database) : database_(&database) {}
    /// Nothing happens if its chain is gone.
    [[nodiscard]] Result<void> add(const ReceiptRow& receipt);
    /// The newest of a chain that speak of items before seq.
    [[nodiscard]] Result<std::vector<GivenReceipt>> newest_before(RowId chain_id, Seq seq, std::size_t limit);
    /// Without a time if it is not known (any more).
    [[nodiscard]] Result<GivenReceipt> find(const Digest& digest);

  private:
    SqlConnection* database_;
};

}  // namespace portcullis
