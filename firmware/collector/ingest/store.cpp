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
      devices(*database_),
      lives(*database_) {}

Result<Store> Store::open(const StoreSettings& settings) {
    DatabaseSettings file;
    file.path = settings.path;
    file.create = settings.create;
    file.read_only = file.untouched = !settings.create;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "collector's store")));
    const Schema schema = store_schema();
    TRY(with_context(settings.create ? adopt_schema(*database, schema) : check_schema(*database, schema),
                     settings.path.string()));
    return Store(std::move(database), settings.quarantine);
}

}  // namespace portcullis
