#pragma once
// The body of a request: one flat JSON object, strictly. Pure functions, reentrant.

#include "collector/link/strict_json.hpp"

namespace portcullis {

/// Deeper than an object of lists of objects is nobody's question.
inline constexpr int max_body_depth = 4;

/// Errors: invalid_argument (not JSON, no object, too deep, a name that stands twice: never with a value).
[[nodiscard]] Result<StrictJson> read_body(std::string_view body);
/// finish(), as the caller's fault. Errors: invalid_argument.
[[nodiscard]] Result<void> finish_body(const StrictJson& json);

/// "2026-11-25T08:15:30Z", with or without a fraction of up to six digits, or "2026-11-25" (UTC).
[[nodiscard]] UtcTime time_field(StrictJson& json, const char* key);

}  // namespace portcullis
