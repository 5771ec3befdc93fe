#pragma once
// Whose file is this, and of which version? Both stand in the header of the file (application_id,
// user_version).

#include <cstdint>
#include <string>
#include <vector>

#include "database/database.hpp"

namespace portcullis {

/// A version before, and the way on from it.
struct OlderSchema {
    std::int32_t version;
    std::string create;   // as that version made it: a file that differs is corrupt
    std::string upgrade;  // SQL that makes it into the next version, losing nothing
};

struct Schema {
    std::string name;             // for errors, e.g. "spool"
    std::int32_t application_id;  // four letters of our own
    std::int32_t version;         // from 1
    std::string create;           // SQL that makes an empty file into this version
    std::vector<OlderSchema> older = {};
};

/// Makes the tables of an empty file; brings an older file up to this version, step by step in one
/// transaction, if schema.older knows the way. In an upgrade tables are renamed without those that refer to
/// them, and foreign keys are checked at its end. Errors: unsupported (written by a newer version: says
/// which, and the cure), refused (the file of another program), corrupt (among others: tables, triggers or
/// views that are not those of schema.create).
[[nodiscard]] Result<void> adopt_schema(Database& database, const Schema& schema);
/// The same without making anything, for who may only read: not_found when the file is still empty.
[[nodiscard]] Result<void> check_schema(Database& database, const Schema& schema);

}  // namespace portcullis
