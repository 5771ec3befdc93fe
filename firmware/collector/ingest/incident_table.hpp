#pragma once
// Incidents: what a person should look at. The same thing of the same chain again and again is one line with
// a count; bounded, the oldest go first. Thread-bound, like the connection that it borrows.

#include <vector>

#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

inline constexpr std::uint64_t max_incidents = 10'000;
/// So long after a line was begun the same thing is counted on it.
inline constexpr std::chrono::hours one_incident{1};

struct IncidentRow {
    UtcTime at{};
    std::string device;
    ChainId chain;
    Seq seq = 0;
    std::string what;
    // From here on of the line in the table: how often it happened, when and at which seq last.
    std::uint64_t times = 1;
    UtcTime last_at{};
    Seq last_seq = 0;
};

class IncidentTable {
  public:
    explicit IncidentTable(SqlConnection& database) : database_(&database) {}
    [[nodiscard]] Result<void> add(const IncidentRow& incident);
    [[nodiscard]] Result<std::vector<IncidentRow>> newest(std::size_t limit);
    [[nodiscard]] Result<std::uint64_t> count();

  private:
    SqlConnection* database_;
};

}  // namespace portcullis
