#pragma once
// StoreDays: in PostgreSQL the blobs stand in partitions by the day on which they came, so that a day whose
// keys are destroyed can be dropped whole, without a row being touched. An item's id begins with its day:
// what asks for a blob by its id finds its partition without a second key, and ids go on growing in order of
// arrival. Days are those of the server's clock, which all ingests of a store have in common; a clock that
// goes back makes no new day, and the newest one goes on. Thread-bound, like the connection it borrows.

#include "base/clock.hpp"
#include "ports/sql.hpp"

namespace portcullis {

using DayNumber = std::int64_t;  // since 1970

class StoreDays {
  public:
    explicit StoreDays(SqlConnection& database) : database_(&database) {}

    /// Opens today's partition when it is not there; asks the server once a minute. Not in a transaction.
    [[nodiscard]] Result<void> follow();
    /// From now on items are of this day, if it is a later one than theirs were.
    [[nodiscard]] Result<void> open(DayNumber day);
    [[nodiscard]] DayNumber newest() const { return newest_; }

  private:
    SqlConnection* database_;
    SystemClock clock_;
    DayNumber newest_ = 0;
    BootTime ask_at_{};
};

}  // namespace portcullis
