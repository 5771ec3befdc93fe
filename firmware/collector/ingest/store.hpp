#pragma once
// Store: the collector's tables, in one SQLite file (WAL, synchronous=FULL) or in a PostgreSQL database. What
// a committed transaction holds survives a power cut. Thread-bound. Errors name the path or server, and the
// cure.

#include <memory>

#include "collector/ingest/chain_table.hpp"
#include "collector/ingest/crew.hpp"
#include "collector/ingest/device_table.hpp"
#include "collector/ingest/gap_table.hpp"
#include "collector/ingest/incident_table.hpp"
#include "collector/ingest/item_table.hpp"
#include "collector/ingest/life_table.hpp"
#include "collector/ingest/note_table.hpp"
#include "collector/ingest/quarantine.hpp"
#include "collector/ingest/receipt_table.hpp"
#include "collector/ingest/store_days.hpp"

namespace portcullis {

struct StoreSettings {
    std::filesystem::path path;
    QuarantineLimits quarantine;
    bool create = true;  // false: only look at a store that is there; neither it nor its folder is written
};

class Store {
  public:
    [[nodiscard]] static Result<Store> open(const StoreSettings& settings);
    /// In a PostgreSQL database that holds store_tables() (schema.hpp).
    [[nodiscard]] static Store over(std::unique_ptr<SqlConnection> server, const QuarantineLimits& limits);

    [[nodiscard]] Result<Transaction> begin();
    /// Others write to this store too. Errors: configuration (it is a file).
    [[nodiscard]] Result<void> share_work();
    /// Nothing when this process alone writes.
    [[nodiscard]] Crew* crew() { return crew_ ? &*crew_ : nullptr; }
    /// Inside a transaction: a power cut may lose it, others see it as ever. What is only to be seen by
    /// others waits for no disk then.
    [[nodiscard]] Result<void> need_not_last();

  private:
    std::unique_ptr<SqlConnection> database_;  // the tables borrow it, so it must not move
    std::optional<StoreDays> days_;            // in PostgreSQL
    std::optional<Crew> crew_;                 // the same, when several share it
    explicit Store(std::unique_ptr<SqlConnection> database, const QuarantineLimits& limits);

  public:
    ChainTable chains;
    ItemTable items;
    TombstoneTable tombstones;
    GapTable gaps;
    Quarantine quarantine;
    IncidentTable incidents;
    NoteTable notes;
    ReceiptTable receipts;
    DeviceTable devices;
    LifeTable lives;
};

}  // namespace portcullis
