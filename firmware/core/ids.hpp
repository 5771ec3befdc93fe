#pragma once
// Names of things on the road. A record is (device, chain, seq).

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace portcullis {

/// Gapless count of items within a chain, from 1.
using Seq = std::uint64_t;

/// The random id of one life of a spool and key.
struct ChainId {
    std::array<std::byte, 8> bytes{};
    auto operator<=>(const ChainId&) const = default;  // NOLINT(modernize-use-nullptr): it takes <=> for one
};

[[nodiscard]] std::string to_string(const ChainId& chain);  // 16 hex digits
[[nodiscard]] Result<ChainId> chain_from_string(std::string_view hex);

/// Device names stand in topics, certificates and file names: 1 to 32 of a-z 0-9 -, not at the ends a '-';
/// not collector, broker, signers or op-..., which are names of services and operators.
inline constexpr std::size_t max_device_name_bytes = 32;
[[nodiscard]] bool is_device_name(std::string_view name);

}  // namespace portcullis
