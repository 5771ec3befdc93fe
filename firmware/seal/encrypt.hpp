#pragma once
// Encrypts bytes to recipients as AuthEnvelopedData of our one shape. Internal to the device's side.
// Reentrant.

#include <vector>

#include "seal/openssl.hpp"

namespace portcullis {

/// recipients: 1 to max_recipients, checked by check_certificate(receive).
/// Errors: internal (OpenSSL refused, or wrote another shape than the gate's).
[[nodiscard]] Result<Bytes> encrypt(ByteView plaintext, const std::vector<X509Ptr>& recipients);

}  // namespace portcullis
