#pragma once
// The tables of the collector's store. Every blob in it is sealed or signed as it came; no column is readable
// plate data.

#include <string>
#include <vector>

#include "database/schema.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// In a SQLite file.
[[nodiscard]] Schema store_schema();
/// In a PostgreSQL database.
[[nodiscard]] SqlTables store_tables();
struct StoreRoles {
    std::string ingest;                // of the collector; empty: none is given rights
    std::vector<std::string> readers;  // of the tools that look at the store
};
/// Gives those roles of a PostgreSQL server what they need of the tables, and takes what else they had of
/// them. For who made the tables, who owns them and is none of the roles.
[[nodiscard]] std::string store_rights(const StoreRoles& roles);

/// Of both.
[[nodiscard]] std::string store_indexes();

}  // namespace portcullis
