#pragma once
// Signs and verifies one JSON text as SignedData of our profile (signed_profile.hpp): statements, and the
// inside of every sealed read. Reentrant.

#include <string>
#include <string_view>

#include "ports/signing_key.hpp"
#include "seal/signed_profile.hpp"
#include "seal/trust.hpp"

namespace portcullis {

struct SignedText {
    std::string json;
    std::string signer_key_id;
    std::string signer_name;  // common name of the signer's certificate: compare it with what json claims
    KeyTrust trust = KeyTrust::unchecked;
};

/// json must begin {"v": . Errors: invalid_argument, internal (OpenSSL or the key's chip refused; over
/// limit_bytes).
[[nodiscard]] Result<Bytes> sign_statement(const SigningKey& key, std::string_view json,
                                           std::size_t limit_bytes = max_signed_bytes);

/// The text of a statement that this key signed, whatever its certificate's dates. Errors: refused (not our
/// profile, another key's), corrupt (the signature does not hold).
[[nodiscard]] Result<std::string> verify_own_statement(ByteView blob, const SigningKey& key);

/// The same for a key of ours that is not in use any more, by its certificate.
[[nodiscard]] Result<std::string> verify_own_statement(ByteView blob, x509_st* certificate);

/// The text, when the signature holds; `trust` then says what the key is worth at `now`.
/// Errors: refused (not our profile), not_found (signed by a key that the store does not know, so nothing was
/// verified), corrupt (the signature does not hold).
[[nodiscard]] Result<SignedText> verify_statement(ByteView blob, const TrustStore& trust, UtcTime now,
                                                  std::size_t limit_bytes = max_signed_bytes);

}  // namespace portcullis
