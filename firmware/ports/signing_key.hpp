#pragma once
// Port: the device's (or collector's) signing key, wherever it lives: a file, a PKCS#11 token, a TPM.
// Drivers: drivers/keys/*. Thread-bound.

#include "base/result.hpp"

// OpenSSL's own names, so that a key which never leaves its chip can sign through a provider.
struct evp_pkey_st;
struct ossl_lib_ctx_st;
struct x509_st;

namespace portcullis {

class SigningKey {
  public:
    virtual ~SigningKey() = default;

    /// Borrowed, valid as long as this object. P-256.
    [[nodiscard]] virtual evp_pkey_st* key() const = 0;
    /// The certificate that names the key: digitalSignature, with a subject key id. Borrowed.
    [[nodiscard]] virtual x509_st* certificate() const = 0;
    /// The library context in which the key signs. Null: OpenSSL's default one. Borrowed.
    [[nodiscard]] virtual ossl_lib_ctx_st* context() const { return nullptr; }
    /// Which providers sign and digest there, as OpenSSL's property query. Null: whichever there are.
    [[nodiscard]] virtual const char* properties() const { return nullptr; }
};

}  // namespace portcullis
