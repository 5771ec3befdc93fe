#include "collector/ingest/store.hpp"

#include "collector/ingest/schema.hpp"

namespace portcullis {

Store::Store(std::unique_ptr<Database> database, const QuarantineLimits& limits)
    : database_(std::move(database)),
      chains(*database_),
      items(*database_),
      tombstones(*database_),
      gaps(*database_),
      quarantine(*database_, limits),
      incidents(*database_),
      notes(*database_),
      receipts(*database_),
      devices(*database_) {}

Result<Store> Store::open(const StoreSettings& settings) {
    DatabaseSettings file;
    file.path = settings.path;
    file.create = settings.create;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "collector's store")));
    Schema schema = store_schema();
    if (!settings.create) schema.older.clear();  // who looks brings nothing up to date
    TRY(with_context(adopt_schema(*database, schema), settings.path.string()));
    if (!settings.create) TRY(database->execute("PRAGMA query_only=ON"));
    return Store(std::move(database), settings.quarantine);
}

}  // namespace portcullis
