#pragma once
// SQLite's result codes as Errors with a cure. For the sources of this room only.

#include <sqlite3.h>

#include <string>

#include "base/error.hpp"

namespace portcullis {

[[nodiscard]] Error sqlite_error(int code, sqlite3* connection, const std::string& what);

}  // namespace portcullis
