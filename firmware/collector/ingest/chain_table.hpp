#pragma once
// The chains of all devices. Thread-bound, like the connection that it borrows.

#include <map>
#include <set>
#include <vector>

#include "collector/ingest/in_transaction.hpp"
#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

class ChainTable {
  public:
    explicit ChainTable(SqlConnection& database) : database_(&database) {}

    /// The chain itself, not its branches.
    [[nodiscard]] Result<std::optional<ChainRow>> find(std::string_view device, const ChainId& chain);
    /// The chain and its branches, the newest branch first.
    [[nodiscard]] Result<std::vector<ChainRow>> branches(std::string_view device, const ChainId& chain);
    [[nodiscard]] Result<ChainRow> at(RowId id);
    /// In one question; those that are gone are left out. Inside a transaction `at` knows them then.
    [[nodiscard]] Result<std::map<RowId, ChainRow>> many(const std::set<RowId>& ids);
    /// All chains of these devices with all their branches, in one question and no order.
    [[nodiscard]] Result<std::vector<ChainRow>> of_devices(const std::set<std::string>& devices);
    [[nodiscard]] Result<ChainRow> add(std::string_view device, const ChainId& chain, UtcTime now);
    /// What the parent's device sealed a second time behind seq `base`.
    [[nodiscard]] Result<ChainRow> add_branch(const ChainRow& parent, Seq base, const Digest& base_link,
                                              UtcTime now);
    [[nodiscard]] Result<void> save(const ChainRow& chain);
    /// For a chain that holds nothing any more.
    [[nodiscard]] Result<void> remove(const ChainRow& chain);
    [[nodiscard]] Result<std::uint64_t> count();
    /// Chains of this device of which its signature has confirmed nothing.
    /// A key in its dates has confirmed a chain of this device.
    [[nodiscard]] Result<bool> is_vouched(std::string_view device);
    [[nodiscard]] Result<std::uint64_t> count_unconfirmed(std::string_view device);
    [[nodiscard]] Result<std::vector<ChainRow>> all(std::size_t limit);

  private:
    [[nodiscard]] Result<ChainRow> added(std::optional<RowId> id);
    SqlConnection* database_;
    InTransaction<std::map<RowId, ChainRow>> known_;
};

}  // namespace portcullis
