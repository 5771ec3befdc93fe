#pragma once
// RecipientToken: a PKCS#11 token that holds recipients' keys by epoch, for a KeyStore. Thread-bound.

#include <memory>
#include <optional>
#include <string>

#include "drivers/keys/pkcs11/pkcs11_engine.hpp"
#include "drivers/keys/pkcs11/pkcs11_token.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

class RecipientToken {
  public:
    /// uri: pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE. Nothing is opened yet. Errors:
    /// configuration.
    [[nodiscard]] static Result<RecipientToken> create(std::string_view uri);

    /// Makes an epoch's key; gives its public half, for the certificate. Errors: configuration, io.
    [[nodiscard]] Result<KeyPtr> make(EpochStart epoch) const;
    /// Borrows this: it must outlive what is returned, and each key that it opens.
    [[nodiscard]] TokenKeys keys();

  private:
    explicit RecipientToken(TokenUri uri) : uri_(std::move(uri)) {}
    [[nodiscard]] TokenUri labelled(const std::string& label) const;
    [[nodiscard]] Result<KeyPtr> open(const std::string& label, X509* certificate);
    [[nodiscard]] Result<void> destroy(const std::string& label, X509* certificate) const;

    TokenUri uri_;
    std::optional<Pkcs11Engine> engine_;
};

}  // namespace portcullis
