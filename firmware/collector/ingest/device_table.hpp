#pragma once
// What is heard of each device: items, and its status, which is a hint (nobody signed it). Thread-bound, like
// the connection that it borrows.

#include <map>
#include <set>
#include <vector>

#include "collector/ingest/in_transaction.hpp"
#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// Names that strangers invent end here; only the broker's rules keep them off.
inline constexpr std::uint64_t max_devices = 100'000;

struct DeviceRow {
    std::string name;
    UtcTime heard_at{};
    std::optional<UtcTime> silent_since;
    // What its newest status claims.
    std::optional<ChainId> status_chain;
    Seq status_last = 0;
    std::optional<UtcTime> tail_since;  // since when it claims more than has come
    bool tail_told = false;
    // Of two chains that are alive at once: the chain and the signed time of its newest statement, and how
    // often a statement came from an earlier chain again, later by its own time.
    RowId statement_chain = 0;
    UtcTime statement_at{};
    std::uint64_t returns = 0;
    UtcTime returns_at{};
};

class DeviceTable {
  public:
    explicit DeviceTable(SqlConnection& database) : database_(&database) {}
    /// A new row for a name that is not known; nothing when there are too many.
    [[nodiscard]] Result<std::optional<DeviceRow>> find_or_add(std::string_view name, UtcTime now);
    [[nodiscard]] Result<std::optional<DeviceRow>> find(std::string_view name);
    /// What `find` is about to be asked, in one question, inside a transaction.
    [[nodiscard]] Result<void> expect(const std::set<std::string>& names);
    [[nodiscard]] Result<void> save(const DeviceRow& device);
    [[nodiscard]] Result<std::vector<DeviceRow>> all(std::size_t limit);
    /// Not told silent yet, and not heard since `before`.
    [[nodiscard]] Result<std::vector<DeviceRow>> quiet_since(UtcTime before, std::size_t limit);
    /// Claiming more than had come since `before`, and not told yet.
    [[nodiscard]] Result<std::vector<DeviceRow>> tails_since(UtcTime before, std::size_t limit);

  private:
    SqlConnection* database_;
    InTransaction<std::map<std::string, DeviceRow, std::less<>>> known_;
};

}  // namespace portcullis
