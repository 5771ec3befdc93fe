#pragma once
// What a caller is told when he does not get what he asked for: problem details (RFC 9457) with a title, a
// detail and a cure. Pure functions, reentrant.

#include <string_view>

#include "api/request.hpp"
#include "base/error.hpp"

namespace portcullis {

/// detail: says what and where, never what the caller sent (a plate may stand there). Statuses that have no
/// words of their own get those of 500.
[[nodiscard]] ApiResponse problem(unsigned status, std::string_view detail);
/// The status that stands for an error's code; what went wrong in here is not told, and stands in the log.
[[nodiscard]] ApiResponse problem(const Error& error);

}  // namespace portcullis
