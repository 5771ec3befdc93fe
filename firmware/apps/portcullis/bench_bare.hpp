#pragma once
// The yardstick of `portcullis bench seal`: the OpenSSL operations that one sealed item cannot do without, at
// the same sizes, with nothing around them: no CMS, no encoding, no checks. Thread-bound.

#include <vector>

#include "seal/openssl.hpp"

namespace portcullis::bench {

class BareOpenssl {
  public:
    /// All borrowed. recipients: public keys, of certificates.
    BareOpenssl(EVP_PKEY* signer, std::vector<EVP_PKEY*> recipients)
        : signer_(signer), recipients_(std::move(recipients)) {}

    /// A read: SHA-256 of the text, one ECDSA signature over what the signed attributes have in bytes, then
    /// encryption of signed_bytes and the chain's link. Errors: internal, as of all below.
    [[nodiscard]] Result<void> read(ByteView text, std::size_t signed_bytes);
    /// A picture: SHA-256 of it, encryption and the chain's link.
    [[nodiscard]] Result<void> picture(ByteView padded);

  private:
    /// Random key and nonce, AES-256-GCM; for each recipient a new key pair, ECDH, X9.63 KDF and AES wrap;
    /// SHA-256 of so many bytes as the blob has, and of the link's.
    [[nodiscard]] bool encrypt(ByteView plaintext);
    [[nodiscard]] bool sign();
    [[nodiscard]] static bool wrap_for(EVP_PKEY* recipient, const std::uint8_t* content_key);

    EVP_PKEY* signer_;
    std::vector<EVP_PKEY*> recipients_;
    Bytes sealed_;
};

}  // namespace portcullis::bench
