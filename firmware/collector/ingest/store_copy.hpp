#pragma once
// Carries a collector's store from its SQLite file into a PostgreSQL database.

#include <cstdint>
#include <string>
#include <vector>

#include "ports/sql.hpp"

namespace portcullis {

struct CopiedTable {
    std::string name;
    std::uint64_t rows = 0;
};

/// Every row with its id, in one transaction: all of it, or nothing. file: of the newest format
/// (store_schema); nobody writes to it meanwhile. server: holds store_tables(), no chain yet, and is
/// connected to as the role that owns them. Errors: refused (there is something in it), those of both.
[[nodiscard]] Result<std::vector<CopiedTable>> copy_store(SqlConnection& file, SqlConnection& server);

}  // namespace portcullis
