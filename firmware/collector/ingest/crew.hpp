#pragma once
// Crew: the workers that share one PostgreSQL store. Each of them stores and receipts whatever the broker
// hands it; each chain is judged by one of them, whose opener then has a read and its pictures together. A
// place in the crew is an advisory lock of the worker's session with the server: it goes with the connection,
// so who is killed leaves no place behind, and no clock decides who is there. Thread-bound, like the
// connection that it borrows; the server must be reached without a pooler, whose sessions are not the
// worker's own.

#include "base/clock.hpp"
#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis {

inline constexpr std::int64_t max_workers = 64;
/// So long after somebody came or went the others know at the latest.
inline constexpr std::chrono::seconds crew_look_interval{1};

/// Which chains a worker judges: every `of`-th, counted from `rank`.
struct WorkShare {
    std::int64_t rank = 0;
    std::int64_t of = 1;  // 0: none
    [[nodiscard]] bool holds(RowId chain) const { return of > 0 && chain % of == rank; }
    bool operator==(const WorkShare&) const = default;
};

class Crew {
  public:
    explicit Crew(SqlConnection& server) : server_(&server) {}

    /// Asks the server who is there, once an interval or when able has changed; takes a place, or gives it
    /// up. able: this worker has an opener that judges. True: the share is another one than before. Not in a
    /// transaction. Errors: the server's (the share stays); exhausted (all places are taken).
    [[nodiscard]] Result<bool> look(BootTime now, bool able);
    [[nodiscard]] const WorkShare& share() const { return share_; }

  private:
    struct Place {
        std::int64_t number = 0;
        bool ours = false;
    };
    [[nodiscard]] Result<std::vector<Place>> places();
    [[nodiscard]] Result<void> take(const std::vector<Place>& taken);
    [[nodiscard]] Result<void> leave();

    SqlConnection* server_;
    WorkShare share_{0, 0};
    std::optional<bool> able_;  // as it was at the last look
    BootTime look_at_{};
};

}  // namespace portcullis
