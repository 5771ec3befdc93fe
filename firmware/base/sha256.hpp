#pragma once
// SHA-256 (FIPS 180-4) through libcrypto. Reentrant.

#include <array>
#include <filesystem>

#include "base/bytes.hpp"

namespace portcullis {

using Digest = std::array<std::byte, 32>;

[[nodiscard]] Digest sha256(ByteView bytes);
/// Over the concatenation of the parts, without copying them.
[[nodiscard]] Digest sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] std::string sha256_hex(ByteView bytes);

[[nodiscard]] std::string to_hex(const Digest& digest);
[[nodiscard]] Result<Digest> digest_from_hex(std::string_view hex);

}  // namespace portcullis
