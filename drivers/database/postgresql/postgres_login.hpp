#pragma once
// How a PostgresConnection gets in, and what it asks of the server before it trusts it with a store. For the
// sources of this driver only.

#include "drivers/database/postgresql/postgres_pipeline.hpp"

namespace portcullis {

struct PostgresSettings;

/// Connected, looked at, and in pipeline mode. Errors: PostgresConnection::connect's.
[[nodiscard]] Result<std::unique_ptr<PGconn, FreePostgres>> log_in(const PostgresSettings& settings);

}  // namespace portcullis
