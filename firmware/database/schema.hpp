#pragma once
// Whose file is this, and of which version? Both stand in the header of the file (application_id,
// user_version).

#include <cstdint>
#include <string>

#include "database/database.hpp"

namespace portcullis {

struct Schema {
    std::string name;             // for errors, e.g. "spool"
    std::int32_t application_id;  // four letters of our own
    std::int32_t version;         // from 1
    std::string create;           // SQL that makes an empty file into this version
};

/// Makes the tables of an empty file. Errors: unsupported (written by a newer version: says which, and the
/// cure), refused (the file of another program), corrupt (among others: tables, triggers or views that are
/// not those of schema.create).
[[nodiscard]] Result<void> adopt_schema(Database& database, const Schema& schema);

}  // namespace portcullis
