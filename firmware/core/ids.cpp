#include "core/ids.hpp"

#include <algorithm>
#include <array>

namespace portcullis {

std::string to_string(const ChainId& chain) {
    return to_hex(ByteView(chain.bytes));
}

Result<ChainId> chain_from_string(std::string_view hex) {
    const Bytes bytes = TRY(from_hex(hex));
    ChainId chain;
    if (bytes.size() != chain.bytes.size())
        return fail(ErrorCode::invalid_argument, "a chain id is 16 hex digits, this is {}", hex.size());
    std::copy(bytes.begin(), bytes.end(), chain.bytes.begin());
    return chain;
}

bool is_device_name(std::string_view name) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    // The broker tells clients apart by name alone: no device may be called as the services are.
    constexpr std::array<std::string_view, 3> services{"collector", "broker", "signers"};
    if (std::ranges::find(services, name) != services.end() || name.starts_with("op-")) return false;
    return !name.empty() && name.size() <= max_device_name_bytes &&
           std::all_of(name.begin(), name.end(), allowed) && name.front() != '-' && name.back() != '-';
}

}  // namespace portcullis
