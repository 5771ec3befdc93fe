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
Result<std::string> objects_as_made(const std::string& create) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open(":memory:", &raw);
    const std::unique_ptr<sqlite3, CloseMemory> memory(raw);
    std::string objects;
    int code = opened;
    if (code == SQLITE_OK) code = sqlite3_exec(raw, create.c_str(), nullptr, nullptr, nullptr);
    if (code == SQLITE_OK)
        code = sqlite3_exec(raw, std::string(objects_of_file).c_str(), &keep_text, &objects, nullptr);
    if (code != SQLITE_OK) return fail(sqlite_error(code, raw, "schema"));
    return objects;
}

// Another process may write the file: a column, a trigger or a view of its own would work for it in ours.
Result<void> check_objects(Database& database, const std::string& create, const std::string& name) {
    Statement found = TRY(database.prepare(objects_of_file));
    TRY(found.bind());
    if (TRY(found.step()) && found.text(0) == TRY(objects_as_made(create))) return {};
    return fail(ErrorCode::corrupt, "the tables of this {} are not those that this program makes", name);
}

const OlderSchema* way_on_from(const Schema& schema, std::int64_t version) {
    for (const OlderSchema& older : schema.older)
        if (older.version == version) return &older;
    return nullptr;
}

Result<void> climb(Database& database, const Schema& schema) {
    auto transaction = TRY(Transaction::begin(database));
    for (std::int64_t version = TRY(database.integer("PRAGMA user_version")); version < schema.version;) {
        const OlderSchema* step = way_on_from(schema, version);
        if (step == nullptr) return {};  // adopt_schema says what to do
        TRY(check_objects(database, step->create, schema.name));
        TRY(database.execute(step->upgrade));
        TRY(database.execute(fmt::format("PRAGMA user_version={}", ++version)));
    }
    if (TRY(database.integer("SELECT count(*) FROM pragma_foreign_key_check")) != 0)
        return fail(ErrorCode::corrupt, "rows of this {} refer to rows that are not there", schema.name);
    return transaction.commit();
}

Result<void> upgrade(Database& database, const Schema& schema) {
    if (TRY(database.integer("PRAGMA application_id")) != schema.application_id) return {};
    const std::int64_t version = TRY(database.integer("PRAGMA user_version"));
    if (version >= schema.version || way_on_from(schema, version) == nullptr) return {};
    // Both pragmas do nothing inside a transaction.
    TRY(database.execute("PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=ON"));
    Result<void> done = climb(database, schema);
    TRY(database.execute("PRAGMA legacy_alter_table=OFF; PRAGMA foreign_keys=ON"));
    return with_context(std::move(done), fmt::format("bringing the {} from format {} to {}", schema.name,
                                                     version, schema.version));
}

/// Neither program nor version stands in it: a new file.
Result<bool> is_empty(Database& database) {
    const std::int64_t owner = TRY(database.integer("PRAGMA application_id"));
    const std::int64_t version = TRY(database.integer("PRAGMA user_version"));
    return owner == 0 && version == 0;
}

Result<void> check_filled(Database& database, const Schema& schema) {
    const std::int64_t owner = TRY(database.integer("PRAGMA application_id"));
    const std::int64_t version = TRY(database.integer("PRAGMA user_version"));
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
                    "this {} has format {}, this program needs {}; start the program that owns the file, "
                    "which brings it up to date if it can, or move it away",
                    schema.name, version, schema.version);
    return check_objects(database, schema.create, schema.name);
}

}  // namespace

Result<void> adopt_schema(Database& database, const Schema& schema) {
    TRY(upgrade(database, schema));
    auto transaction = TRY(Transaction::begin(database));
    const bool empty = TRY(is_empty(database));
    TRY(empty ? create_schema(database, schema) : check_filled(database, schema));
    return transaction.commit();
}

Result<void> check_schema(Database& database, const Schema& schema) {
    if (TRY(is_empty(database)))
        return fail(ErrorCode::not_found, "nobody has filled this {} yet", schema.name);
    return check_filled(database, schema);
}

}  // namespace portcullis
