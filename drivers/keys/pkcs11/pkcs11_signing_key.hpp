#pragma once
// Pkcs11SigningKey: a signing key in a PKCS#11 token (smart card, USB token, HSM, SoftHSM). The key never
// leaves the token; the certificate is a PEM file. Thread-bound. A token that is pulled out makes each
// signature an Error, until the program is started again with the token in its place.

#include <filesystem>
#include <memory>

#include "drivers/keys/pkcs11/pkcs11_engine.hpp"
#include "ports/signing_key.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

class Pkcs11SigningKey final : public SigningKey {
  public:
    /// uri: see TokenUri. Of several keys under one label the certificate's is taken. Makes one signature to
    /// try the key. Errors: configuration, each with the cure: no engine, no library, no token, no key, a
    /// wrong PIN, a key that may not sign, key and certificate of two pairs, a certificate of the wrong
    /// usage.
    [[nodiscard]] static Result<std::unique_ptr<Pkcs11SigningKey>> create(
        std::string_view uri, const std::filesystem::path& certificate,
        CertificateUse use = CertificateUse::sign_reads);

    /// The key that shall follow: of the same token and label, not the certificate's; made, unless it is
    /// there already. It has no certificate yet. The URI must name token and object, and no id. Errors:
    /// configuration, io (the token's).
    [[nodiscard]] static Result<std::unique_ptr<Pkcs11SigningKey>> successor(std::string_view uri,
                                                                             X509* in_use);
    /// Destroys the keys of this token and label, save the certificate's. Errors: configuration, io;
    /// not_found (the certificate's is not there: then nothing is destroyed).
    [[nodiscard]] static Result<void> retire(std::string_view uri, X509* in_use);

    [[nodiscard]] evp_pkey_st* key() const override { return key_.get(); }
    [[nodiscard]] x509_st* certificate() const override { return certificate_.get(); }

  private:
    Pkcs11SigningKey(Pkcs11Engine engine, KeyPtr key, X509Ptr certificate)
        : engine_(std::move(engine)), certificate_(std::move(certificate)), key_(std::move(key)) {}

    Pkcs11Engine engine_;
    X509Ptr certificate_;
    KeyPtr key_;  // goes before its engine
};

}  // namespace portcullis
