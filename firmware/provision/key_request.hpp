#pragma once
// A key made on the device, and the PKCS#10 request (RFC 2986) for its certificate. The private key never
// leaves the device and there is no shared secret: who may have a certificate, a person says who compared the
// fingerprint, or a key of the same device that already has one. Reentrant.

#include <filesystem>
#include <string>

#include "ports/signing_key.hpp"
#include "record/key_request_codec.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

/// P-256. Errors: internal.
[[nodiscard]] Result<KeyPtr> make_key();
/// PEM (PKCS#8, not encrypted); to be cleansed by the caller. Errors: internal.
[[nodiscard]] Result<Bytes> private_key_to_pem(EVP_PKEY* key);

/// DER, signed by the key itself; the subject is CN=name and nothing else. Errors: internal.
[[nodiscard]] Result<Bytes> make_csr(EVP_PKEY* key, std::string_view name);
/// The same for a key wherever it lives; it needs no certificate.
[[nodiscard]] Result<Bytes> make_csr(const SigningKey& key, std::string_view name);

struct CheckedCsr {
    KeyPtr key;        // the public half
    std::string name;  // the common name that it asks for
};
/// Whoever made it holds the private key: the request's own signature holds, on P-256. What else it asks for
/// (extensions, other names) is not looked at: the issuer takes nothing from it but the key.
/// Errors: refused (names what is wrong).
[[nodiscard]] Result<CheckedCsr> check_csr(ByteView der);

/// What a device hands over: the bare request, or (for the read key, and at a renewal) the request as a text
/// that another key of the device has signed.
struct RequestFile {
    Bytes csr;      // of a bare one
    Bytes vouched;  // SignedData of a SignedKeyRequest, else empty
};
[[nodiscard]] Result<std::string> to_pem(const RequestFile& request);
/// Errors: configuration (names the file and the cure).
[[nodiscard]] Result<RequestFile> load_request(const std::filesystem::path& path);

}  // namespace portcullis
