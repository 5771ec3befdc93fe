#pragma once
// How a command that has nothing more to tell ends.

#include <string_view>

#include "base/result.hpp"

namespace portcullis {

/// 0 when it is done. Else the error stream is told why, and it is 2 for wrong configuration, 1 for anything
/// else.
[[nodiscard]] int exit_code(std::string_view command, const Result<void>& done);

}  // namespace portcullis
