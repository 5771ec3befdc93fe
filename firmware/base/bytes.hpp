#pragma once
// Bytes and the few conversions that everybody needs. Pure functions, reentrant.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace portcullis {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

[[nodiscard]] ByteView as_bytes(std::string_view text);
[[nodiscard]] std::string_view as_text(ByteView bytes);
[[nodiscard]] Bytes to_bytes(std::string_view text);

/// For C interfaces that speak unsigned char.
[[nodiscard]] const std::uint8_t* u8(ByteView bytes);
[[nodiscard]] std::uint8_t* u8(Bytes& bytes);

[[nodiscard]] std::string to_hex(ByteView bytes);  // lower case
[[nodiscard]] Result<Bytes> from_hex(
    std::string_view hex);  // invalid_argument on odd length or foreign letters

/// Appends value in big-endian order, the order of everything that is hashed or framed.
void append_u64(Bytes& out, std::uint64_t value);
void append_u32(Bytes& out, std::uint32_t value);
[[nodiscard]] std::uint32_t read_u32(std::span<const std::byte, 4> bytes);
[[nodiscard]] std::uint64_t read_u64(std::span<const std::byte, 8> bytes);

}  // namespace portcullis
