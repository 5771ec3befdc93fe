#pragma once
// The texts of the signed statements (core/statement.hpp): canonical JSON that begins {"v":1,"kind":"...".
// They hold no plate data. Pure functions, reentrant.
// encode: invalid_argument names the field out of range. parse: refused names the key where the text leaves
// the canonical form; a statement of another kind is refused too.

#include <string>
#include <string_view>

#include "core/statement.hpp"

namespace portcullis {

inline constexpr std::size_t max_statement_bytes = 1024;

[[nodiscard]] Result<std::string> encode_checkpoint(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> encode_tombstone(const Tombstone& tombstone);
[[nodiscard]] Result<std::string> encode_life(const LifeStatement& life);
[[nodiscard]] Result<std::string> encode_receipt(const Receipt& receipt);

[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view json);
[[nodiscard]] Result<Tombstone> parse_tombstone(std::string_view json);
[[nodiscard]] Result<LifeStatement> parse_life(std::string_view json);
[[nodiscard]] Result<Receipt> parse_receipt(std::string_view json);

}  // namespace portcullis
