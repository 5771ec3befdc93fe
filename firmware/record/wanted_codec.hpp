#pragma once
// The text of wanted tokens (core/wanted.hpp): canonical JSON. It names no plate. Pure functions, reentrant.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/wanted.hpp"

namespace portcullis {

/// As many as a hotlist has entries, at most.
inline constexpr std::size_t max_wanted_tokens = 2000;
inline constexpr std::size_t max_wanted_text_bytes = std::size_t{24} * 1024;

/// Errors: invalid_argument (which field and the cure).
[[nodiscard]] Result<std::string> encode_wanted(const WantedTokens& wanted);
/// Errors: refused (names the key where the text leaves the canonical form, or what is wrong in it).
[[nodiscard]] Result<WantedTokens> parse_wanted(std::string_view json);

}  // namespace portcullis
