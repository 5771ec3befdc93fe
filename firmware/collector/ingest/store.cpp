#include "collector/ingest/store.hpp"

#include "collector/ingest/schema.hpp"
#include "database/database.hpp"

namespace portcullis {

Store::Store(std::unique_ptr<SqlConnection> database, const QuarantineLimits& limits)
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

Store Store::over(std::unique_ptr<SqlConnection> server, const QuarantineLimits& limits) {
    Store store(std::move(server), limits);
    store.days_.emplace(*store.database_);
    return store;
}

Result<void> Store::share_work() {
    if (!days_)
        return fail(ErrorCode::configuration,
                    "broker.share_group: several workers share a store in PostgreSQL (store.kind) alone");
    crew_.emplace(*database_);
    return {};
}

Result<void> Store::need_not_last() {
    Statement statement = TRY(database_->prepare("SET LOCAL synchronous_commit = off"));
    return statement.run();
}

Result<Transaction> Store::begin() {
    if (days_) TRY(days_->follow());
    return Transaction::begin(*database_);
}

}  // namespace portcullis
