#pragma once
// FileSigningKey: a signing key and its certificate from two PEM files. For development, demos and devices
// without a TPM: whoever copies the file can sign as this device until it is revoked. Thread-bound.

#include <filesystem>
#include <memory>
#include <optional>

#include "ports/signing_key.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

class FileSigningKey final : public SigningKey {
  public:
    /// Errors: configuration, each naming the file and the cure: unreadable, not PEM, readable or writable by
    /// others, not P-256, key and certificate of two pairs, wrong key usage. Its dates are not looked at:
    /// signing needs no clock.
    [[nodiscard]] static Result<std::unique_ptr<FileSigningKey>> create(
        const std::filesystem::path& key, const std::filesystem::path& certificate,
        CertificateUse use = CertificateUse::sign_reads);

    [[nodiscard]] evp_pkey_st* key() const override { return key_.get(); }
    [[nodiscard]] x509_st* certificate() const override { return certificate_.get(); }

  private:
    FileSigningKey(KeyPtr key, X509Ptr certificate)
        : key_(std::move(key)), certificate_(std::move(certificate)) {}

    KeyPtr key_;
    X509Ptr certificate_;
};

}  // namespace portcullis
