#pragma once
// The text of a retention schedule (core/retention.hpp): canonical JSON
//   {"v":1,"kind":"retention","version":N,"t":..,"rules":[{"fleet":..,"purpose":..,"epoch":N,"keep":N},..]}
// with both spans in minutes. Pure functions, reentrant.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/retention.hpp"

namespace portcullis {

inline constexpr std::size_t max_retention_rules = 256;  // four purposes, 64 fleets
inline constexpr std::size_t max_retention_text_bytes = std::size_t{64} * 1024;
/// A device has a set's keys for so many days ahead: longer epochs would be made for nobody.
inline constexpr std::chrono::days max_epoch_length{366};
inline constexpr std::chrono::days max_retention_keep{40 * 366};

/// Everything but its length: names, order, and spans: an epoch divides a day or is of whole days. Errors:
/// invalid_argument (names what, where and the cure).
[[nodiscard]] Result<void> check_retention(const RetentionSchedule& schedule);
/// Errors: check_retention's.
[[nodiscard]] Result<std::string> encode_retention(const RetentionSchedule& schedule);
/// Errors: refused (names the key where the text leaves the canonical form, or what is wrong in it).
[[nodiscard]] Result<RetentionSchedule> parse_retention(std::string_view json);

}  // namespace portcullis
