#pragma once
// TpmSigningKey: a signing key inside a TPM 2.0, at a persistent handle, through the provider tpm2 (Debian:
// tpm2-openssl) in a library context of its own: in the default one OpenSSL would try to take the key out, or
// verify other people's signatures on the chip. Thread-bound.
//
// The key must have the attribute noda. Without it each power cut after a signature counts as an attack, and
// the third or so locks the key (measured with swtpm; tests/drivers/keys shows both). Where the TPM is found,
// the environment says: TPM2OPENSSL_TCTI=device:/dev/tpmrm0 (the kernel's resource manager).

#include <openssl/provider.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "ports/signing_key.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

class TpmSigningKey final : public SigningKey {
  public:
    /// name: tpm:handle:0x81000100, a persistent handle (0x81...). Of it and its neighbour (the last bit
    /// flipped: ..101) the one with the certificate's key is taken: a renewal changes between the two. Makes
    /// one signature to try the key. Errors: configuration, each with the cure: another name, no provider, no
    /// TPM, nothing at the handle, a key that may not sign, key and certificate of two pairs, a certificate
    /// of the wrong usage.
    [[nodiscard]] static Result<std::unique_ptr<TpmSigningKey>> create(
        std::string_view name, const std::filesystem::path& certificate,
        CertificateUse use = CertificateUse::sign_reads);

    /// The key that shall follow, at the neighbour of the certificate's: made, unless it is there already. It
    /// has no certificate yet. Errors: configuration; not_found (the certificate's key is at neither), io.
    [[nodiscard]] static Result<std::unique_ptr<TpmSigningKey>> successor(std::string_view name,
                                                                          X509* in_use);
    /// Takes the neighbour of the certificate's key away. Errors: as successor.
    [[nodiscard]] static Result<void> retire(std::string_view name, X509* in_use);

    [[nodiscard]] evp_pkey_st* key() const override { return key_.get(); }
    [[nodiscard]] x509_st* certificate() const override { return certificate_.get(); }
    [[nodiscard]] ossl_lib_ctx_st* context() const override { return context_.get(); }
    [[nodiscard]] const char* properties() const override;

  private:
    using ContextPtr = std::unique_ptr<OSSL_LIB_CTX, OpensslDeleter<OSSL_LIB_CTX_free>>;
    using ProviderPtr = std::unique_ptr<OSSL_PROVIDER, OpensslDeleter<OSSL_PROVIDER_unload>>;

    TpmSigningKey() = default;
    [[nodiscard]] Result<void> open_provider();
    [[nodiscard]] Result<void> load_key(std::uint32_t handle);
    /// The one of the two that has this certificate's key.
    [[nodiscard]] static Result<std::uint32_t> handle_of_pair(std::uint32_t first, X509* certificate);
    [[nodiscard]] static Result<std::unique_ptr<TpmSigningKey>> at(std::uint32_t handle);

    // In the order in which they may not go before the next.
    ContextPtr context_;
    ProviderPtr software_;
    ProviderPtr tpm_;
    X509Ptr certificate_;
    KeyPtr key_;
};

}  // namespace portcullis
