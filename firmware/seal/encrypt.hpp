#pragma once
// Encrypts bytes to recipients as AuthEnvelopedData of our one shape: for the device's side, and for the
// opener, which seals to the auditor what it was asked. Reentrant.

#include <vector>

#include "seal/openssl.hpp"

namespace portcullis {

/// recipients: 1 to max_recipients, checked by check_certificate(receive).
/// Errors: internal (OpenSSL refused, or wrote another shape than the gate's).
[[nodiscard]] Result<Bytes> encrypt(ByteView plaintext, const std::vector<X509Ptr>& recipients);

}  // namespace portcullis
