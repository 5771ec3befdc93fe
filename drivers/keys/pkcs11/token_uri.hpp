#pragma once
// TokenUri: a PKCS#11 URI (RFC 7512) as the settings write it. What names the key goes on to the engine as it
// is; the two query attributes that say how to reach it are ours:
//   pkcs11:token=lane;object=read?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/run/pin
// Pure function, reentrant.

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace portcullis {

inline constexpr std::size_t max_token_uri_bytes = 1024;

struct TokenUri {
    std::string key;                   // pkcs11: and the path attributes
    std::filesystem::path module;      // the token's library
    std::filesystem::path pin_source;  // file with the PIN in its first line; empty: the token asks for none
    std::string token;                 // the token's label, decoded; empty: not named
    std::string object;                // the key's label, likewise
    bool by_id = false;                // the URI names one key by its id
};

/// Errors: configuration, with the cure: another scheme, no module-path, a PIN in the URI itself (settings
/// are no place for secrets), an attribute that is not known.
[[nodiscard]] Result<TokenUri> parse_token_uri(std::string_view uri);

/// The first line of pin_source, to be cleansed by the caller; empty without a file. Errors: configuration.
[[nodiscard]] Result<std::string> read_pin(const TokenUri& uri);

}  // namespace portcullis
