#pragma once
// A signature to try a key that lives in hardware, before anything depends on it. Thread-bound, as the key
// is.

#include "base/result.hpp"
#include "ports/signing_key.hpp"

namespace portcullis {

/// Signs a fixed text and verifies it with the certificate. name stands in the error. Errors: configuration:
/// the key does not sign (its token forbids it, or is gone), or its signature does not hold.
[[nodiscard]] Result<void> try_key(const SigningKey& key, std::string_view name);

}  // namespace portcullis
