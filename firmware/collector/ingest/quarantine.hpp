#pragma once
// Quarantine: blobs that have no place (or lost it), with the reason and the time. Bounded in rows and bytes;
// what was refused at the gate has a share of its own, so that junk cannot push out a blob with a claim to a
// place. The oldest go first. Incidents: what a person should look at, bounded too. Thread-bound, like the
// Database they borrow.

#include <vector>

#include "collector/ingest/rows.hpp"
#include "database/database.hpp"

namespace portcullis {

struct QuarantineLimits {
    std::uint64_t rows = 10'000;
    std::uint64_t bytes = std::uint64_t{256} * 1024 * 1024;
};

/// Of one place no more blobs are kept.
inline constexpr std::uint64_t max_claims_per_place = 4;
inline constexpr std::uint64_t max_incidents = 10'000;

class Quarantine {
  public:
    Quarantine(Database& database, const QuarantineLimits& limits) : database_(&database), limits_(limits) {}

    [[nodiscard]] Result<void> add(const QuarantineRow& row, ByteView blob);
    /// All blobs that came for one place and were not refused outright, oldest first.
    [[nodiscard]] Result<std::vector<QuarantineRow>> claims(std::string_view device, const ChainId& chain,
                                                            Seq seq);
    [[nodiscard]] Result<bool> has_claims_above(std::string_view device, const ChainId& chain, Seq seq);
    [[nodiscard]] Result<Bytes> blob(RowId id);
    [[nodiscard]] Result<void> remove(RowId id);
    [[nodiscard]] Result<std::vector<QuarantineRow>> newest(std::size_t limit);
    [[nodiscard]] Result<std::vector<VerdictCount>> verdicts(std::string_view device, const ChainId& chain);
    [[nodiscard]] Result<std::uint64_t> count();

  private:
    [[nodiscard]] Result<std::vector<QuarantineRow>> rows(Statement& query);
    [[nodiscard]] Result<void> prune_place(const QuarantineRow& row);
    [[nodiscard]] Result<void> prune_share(bool refused, std::uint64_t rows, std::uint64_t bytes);
    Database* database_;
    QuarantineLimits limits_;
};

struct IncidentRow {
    UtcTime at{};
    std::string device;
    ChainId chain;
    Seq seq = 0;
    std::string what;
};

class IncidentTable {
  public:
    explicit IncidentTable(Database& database) : database_(&database) {}
    [[nodiscard]] Result<void> add(const IncidentRow& incident);
    [[nodiscard]] Result<std::vector<IncidentRow>> newest(std::size_t limit);
    [[nodiscard]] Result<std::uint64_t> count();

  private:
    Database* database_;
};

}  // namespace portcullis
