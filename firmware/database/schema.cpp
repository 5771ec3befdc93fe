#include "database/schema.hpp"

namespace portcullis {

namespace {

Result<void> create_schema(Database& database, const Schema& schema) {
    if (TRY(database.integer("SELECT count(*) FROM sqlite_schema")) != 0)
        return fail(ErrorCode::refused,
                    "not a {} of Portcullis: the file holds tables of another program; give another path",
                    schema.name);
    TRY(database.execute(schema.create));
    TRY(database.execute(fmt::format("PRAGMA application_id={}", schema.application_id)));
    return database.execute(fmt::format("PRAGMA user_version={}", schema.version));
}

}  // namespace

Result<void> adopt_schema(Database& database, const Schema& schema) {
    auto transaction = TRY(Transaction::begin(database));
    const std::int64_t owner = TRY(database.integer("PRAGMA application_id"));
    const std::int64_t version = TRY(database.integer("PRAGMA user_version"));
    if (owner == 0 && version == 0) {
        TRY(create_schema(database, schema));
        return transaction.commit();
    }
    if (owner != schema.application_id)
        return fail(ErrorCode::refused, "not a {} of Portcullis; give another path", schema.name);
    if (version > schema.version)
        return fail(
            ErrorCode::unsupported,
            "this {} was written by a newer Portcullis (format {}, this program knows {}); install that "
            "version again, or move the file away",
            schema.name, version, schema.version);
    if (version < schema.version)
        return fail(ErrorCode::unsupported,
                    "this {} has format {}, this program needs {}; move the file away", schema.name, version,
                    schema.version);
    return transaction.commit();
}

}  // namespace portcullis
