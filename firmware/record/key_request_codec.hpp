#pragma once
// The signed text by which a device asks for its next certificate: canonical JSON
//   {"v":1,"kind":"keyrequest","dev":..,"use":"identity"|"read","csr":<hex of a DER PKCS#10>,"t":..}
// Who signs it is the caller's matter: the identity key at enrolment, the key in use at a renewal. Holds no
// plate data. Pure functions, reentrant.

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace portcullis {

inline constexpr std::size_t max_csr_bytes = 1024;  // DER; ours have about 250
inline constexpr std::size_t max_key_request_bytes = 2 * max_csr_bytes + 256;

/// The keys that a device has.
enum class DeviceKey { identity, read };
[[nodiscard]] std::string_view to_string(DeviceKey key);

struct SignedKeyRequest {
    std::string device;
    DeviceKey use = DeviceKey::read;
    Bytes csr;       // DER, not yet looked at
    UtcTime time{};  // a claim of the device's clock
    bool operator==(const SignedKeyRequest&) const = default;
};

/// Errors: invalid_argument (names the field out of range).
[[nodiscard]] Result<std::string> encode_key_request(const SignedKeyRequest& request);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<SignedKeyRequest> parse_key_request(std::string_view json);

}  // namespace portcullis
