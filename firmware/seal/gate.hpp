#pragma once
// The gate: accepts a sealed blob only in the one shape that our sealer writes, byte for byte, before OpenSSL
// parses any of it (README.md of this room shows the shape). No cryptography, no allocation by lengths from
// outside: 1 us. Needs no key, so ingest, opener and sealer all use it. Pure function, reentrant.

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "core/sealed_item.hpp"

namespace portcullis {

inline constexpr std::size_t max_recipients = 16;
inline constexpr std::size_t key_id_bytes = 20;

struct GatedEnvelope {
    std::vector<std::string> recipients;  // key ids as hex, in the blob's order (of DER), no two alike
    std::size_t content_bytes = 0;        // of the ciphertext = of the plaintext
};

/// Errors: refused (names the first part that has another shape), exhausted (over max_blob_bytes).
[[nodiscard]] Result<GatedEnvelope> gate(ByteView blob);

}  // namespace portcullis
