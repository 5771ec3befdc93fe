#pragma once
// PostgreSQL's SQLSTATEs as Errors with a cure. For the sources of this driver only.

#include <libpq-fe.h>

#include <string_view>

#include "base/error.hpp"

namespace portcullis {

/// Of a statement that the server refused.
[[nodiscard]] Error postgres_error(const PGresult* result);
/// Of a connection that is not there, or not any more.
[[nodiscard]] Error postgres_away(const PGconn* connection);

}  // namespace portcullis
