#pragma once
// The text of a recipient set (core/recipient_set.hpp): canonical JSON that begins
// {"v":1,"kind":"recipients". Pure functions, reentrant.

#include <optional>
#include <string>
#include <string_view>

#include "core/recipient_set.hpp"

namespace portcullis {

inline constexpr std::size_t max_set_entries = 64;        // four purposes, two recipients, eight days
inline constexpr std::size_t max_recipient_bytes = 1024;  // of one certificate's DER; ours have about 450
inline constexpr std::size_t max_set_text_bytes = std::size_t{160} * 1024;

/// "2026-11-25"; years 1970 to 9999.
[[nodiscard]] std::string to_string(std::chrono::sys_days day);
[[nodiscard]] std::optional<std::chrono::sys_days> day_from_string(std::string_view text);

/// "2026-11-25" of one that begins at midnight, else "2026-11-25T06:30".
[[nodiscard]] std::string to_string(EpochStart epoch);
[[nodiscard]] std::optional<EpochStart> epoch_from_string(std::string_view text);
inline constexpr std::size_t max_epoch_letters = 16;

[[nodiscard]] std::optional<Purpose> purpose_from_string(std::string_view text);

/// Errors: invalid_argument (names the field out of range; entries that are not ascending).
[[nodiscard]] Result<std::string> encode_recipient_set(const RecipientSet& set);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<RecipientSet> parse_recipient_set(std::string_view json);

}  // namespace portcullis
