#pragma once
// What PostgreSQL wants written otherwise than SQLite takes it. Pure functions, reentrant.

#include <string>
#include <string_view>

namespace portcullis {

/// Each '?' outside of a quoted text becomes $1, $2, ..
[[nodiscard]] std::string with_numbered_places(std::string_view sql);

/// PostgreSQL takes no text that is not UTF-8 or that holds a zero byte: one such text from outside would
/// make each batch fail for ever. Bytes of it that are not good become '?'.
[[nodiscard]] std::string as_database_text(std::string_view text);

}  // namespace portcullis
