#pragma once
// A token that can be pulled out.

#include <openssl/x509.h>

#include "ports/signing_key.hpp"

namespace portcullis::test {

/// A key whose private half is there only while the token is.
class LooseToken final : public SigningKey {
  public:
    explicit LooseToken(const SigningKey& key) : key_(key) {}
    [[nodiscard]] evp_pkey_st* key() const override {
        return pulled ? X509_get0_pubkey(key_.certificate()) : key_.key();
    }
    [[nodiscard]] x509_st* certificate() const override { return key_.certificate(); }

    mutable bool pulled = false;

  private:
    const SigningKey& key_;
};

}  // namespace portcullis::test
