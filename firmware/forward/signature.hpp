#pragma once
// By what a receiver knows that a webhook is ours: HMAC-SHA256 over the time and the body, with a secret that
// both know. Pure functions, reentrant.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace portcullis {

/// Errors: internal (OpenSSL failed).
[[nodiscard]] Result<Bytes> hmac_sha256(ByteView key, std::string_view text);

/// "t=1795421730,v1=<hex>": HMAC over "1795421730.BODY", one v1 for each secret: while a secret is replaced,
/// a receiver that knows either one finds its own. Errors: internal.
[[nodiscard]] Result<std::string> webhook_signature(std::span<const Bytes> secrets, std::int64_t unix_seconds,
                                                    std::string_view body);

}  // namespace portcullis
