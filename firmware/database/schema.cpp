#include "database/schema.hpp"

#include <sqlite3.h>

#include "database/sqlite_error.hpp"

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

struct CloseMemory {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};

// Indexes of an older make do no harm; tables, triggers and views are as we make them or the file is not
// ours.
constexpr std::string_view objects_of_file =
    "SELECT coalesce(group_concat(object, char(10)), '') FROM (SELECT type || ' ' || name || ' ' || sql AS "
    "object "
    "FROM sqlite_schema WHERE type <> 'index' AND name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY type, name)";

int keep_text(void* text, int, char** columns, char**) {
    *static_cast<std::string*>(text) = columns[0] ? columns[0] : "";
    return 0;
}

/// What the file would hold if we made it now.
Result<std::string> objects_as_made(const Schema& schema) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open(":memory:", &raw);
    const std::unique_ptr<sqlite3, CloseMemory> memory(raw);
    std::string objects;
    int code = opened;
    if (code == SQLITE_OK) code = sqlite3_exec(raw, schema.create.c_str(), nullptr, nullptr, nullptr);
    if (code == SQLITE_OK)
        code = sqlite3_exec(raw, std::string(objects_of_file).c_str(), &keep_text, &objects, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, raw, "schema"));
    return objects;
}

// Another process may write the file: a column, a trigger or a view of its own would work for it in ours.
Result<void> check_objects(Database& database, const Schema& schema) {
    Statement found = TRY(database.prepare(objects_of_file));
    TRY(found.bind());
    if (TRY(found.step()) && found.text(0) == TRY(objects_as_made(schema))) return {};
    return fail(ErrorCode::corrupt, "the tables of this {} are not those that this program makes",
                schema.name);
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
    TRY(check_objects(database, schema));
    return transaction.commit();
}

}  // namespace portcullis
