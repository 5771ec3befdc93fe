#pragma once
// The life table: what devices say of their chains' beginnings, their starts, and what they lost before it
// had a place. Thread-bound, like the connection it borrows.

#include <vector>

#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

class LifeTable {
  public:
    explicit LifeTable(SqlConnection& database) : database_(&database) {}

    /// The newest word about a place counts.
    [[nodiscard]] Result<void> keep(const LifeRow& row);
    /// In order; only of statements that stand in their place.
    [[nodiscard]] Result<std::vector<LifeRow>> of(RowId chain_id);

  private:
    SqlConnection* database_;
};

}  // namespace portcullis
