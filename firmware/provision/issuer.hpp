#pragma once
// Issuer: the device CA's side. Takes from a request the public key and nothing else: the name is the one
// that was approved, the extensions are ours. Reentrant (a const Issuer is thread-safe).

#include <filesystem>

#include "provision/key_request.hpp"
#include "seal/certificate.hpp"
#include "seal/trust.hpp"

namespace portcullis {

/// How long a certificate of a key holds; the device asks for the next one after two thirds.
inline constexpr std::chrono::days identity_life{365};
inline constexpr std::chrono::days read_key_life{30};
inline constexpr std::chrono::days max_certificate_life{3650};
/// Of a name that somebody sent, in an error.
inline constexpr std::size_t max_name_shown = 64;
/// A certificate begins so much before it was issued: the other side's clock may lag.
inline constexpr std::chrono::minutes certificate_backdating{10};

[[nodiscard]] CertificateUse use_of(DeviceKey key);
[[nodiscard]] std::chrono::days life_of(DeviceKey key);

class Issuer {
  public:
    /// Errors: configuration (names the file and the cure): not a CA, another key's certificate.
    [[nodiscard]] static Result<Issuer> create(const std::filesystem::path& ca_certificate,
                                               const std::filesystem::path& ca_key);

    /// For a request that a person approved: he read `words` at the device. The request asks for the
    /// identity. Errors: refused (the request does not hold, asks for another name, has another fingerprint),
    /// configuration (name is no device name, life out of range).
    [[nodiscard]] Result<X509Ptr> enrol(ByteView csr, std::string_view name, std::string_view words,
                                        UtcTime now, std::chrono::days life = identity_life) const;

    /// For a request that a key of the same device signed; `vouchers` says which keys count (of this use, at
    /// this time): the identities at an enrolment of a read key, the read keys at a renewal of one.
    /// Errors: refused (signature, a stranger's, expired or revoked key, another name than the signer's,
    /// another use than `wanted`), configuration.
    [[nodiscard]] Result<X509Ptr> renew(ByteView vouched, const TrustStore& vouchers, DeviceKey wanted,
                                        UtcTime now, std::chrono::days life) const;

    [[nodiscard]] X509* certificate() const { return certificate_.get(); }

  private:
    Issuer(X509Ptr certificate, KeyPtr key) : certificate_(std::move(certificate)), key_(std::move(key)) {}
    [[nodiscard]] Result<X509Ptr> issue(EVP_PKEY* key, std::string_view name, DeviceKey use, UtcTime now,
                                        std::chrono::days life) const;

    X509Ptr certificate_;
    KeyPtr key_;
};

/// PEM of one certificate. Errors: internal.
[[nodiscard]] Result<std::string> certificate_to_pem(X509* certificate);

}  // namespace portcullis
