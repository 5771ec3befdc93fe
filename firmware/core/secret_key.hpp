#pragma once
// SecretKey: 32 bytes that are overwritten when they go. A value; copies are as secret as it.

#include <array>
#include <cstddef>
#include <cstring>

namespace portcullis {

struct SecretKey {
    std::array<std::byte, 32> bytes{};

    SecretKey() = default;
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey() { ::explicit_bzero(bytes.data(), bytes.size()); }
};

}  // namespace portcullis
