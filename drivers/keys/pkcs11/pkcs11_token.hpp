#pragma once
// Pkcs11Token: makes key pairs in a PKCS#11 token, finds and destroys them (OASIS PKCS#11 2.40, PKCS #11 base
// specification). What is made is P-256, and its private half can never be read out. Signing and deriving
// with it is the engine's business (Pkcs11Engine): both may work in one process. Open it for a piece of work,
// not for long: it holds a session and the login. Thread-bound.

#include <memory>
#include <string>
#include <vector>

#include "drivers/keys/pkcs11/token_uri.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

enum class TokenKeyUse { sign, derive };

struct TokenKey {
    std::string label;
    Bytes id;           // CKA_ID
    KeyPtr public_key;  // none when the token keeps no public half of it, or not one on P-256
};

/// Of one label in one token.
inline constexpr std::size_t max_token_keys = 64;

class Pkcs11Token {
  public:
    /// The token that the URI names by its label; logs in. Errors: configuration: no library, no such token,
    /// a wrong PIN.
    [[nodiscard]] static Result<Pkcs11Token> open(const TokenUri& uri);
    Pkcs11Token(Pkcs11Token&& other) noexcept;
    Pkcs11Token& operator=(Pkcs11Token&&) = delete;
    Pkcs11Token(const Pkcs11Token&) = delete;
    Pkcs11Token& operator=(const Pkcs11Token&) = delete;
    ~Pkcs11Token();

    /// A new pair under this label, beside those that have it already, with a random id. Errors: io (says
    /// what the token answered: it may be full).
    [[nodiscard]] Result<TokenKey> make(const std::string& label, TokenKeyUse use);
    /// The private keys under this label, at most max_token_keys. Errors: io.
    [[nodiscard]] Result<std::vector<TokenKey>> find(const std::string& label);
    /// Private half and public half are gone when it returns. Errors: io; call it again.
    [[nodiscard]] Result<void> destroy(const TokenKey& key);

  private:
    struct Session;
    explicit Pkcs11Token(std::unique_ptr<Session> session);
    std::unique_ptr<Session> session_;
};

/// Whose public half `key` is; null: none of them.
[[nodiscard]] const TokenKey* pair_of(const std::vector<TokenKey>& keys, EVP_PKEY* key);

/// The URI's path with the key named by its id beside its label: what the engine opens.
[[nodiscard]] std::string uri_of(const TokenUri& uri, const TokenKey& key);

}  // namespace portcullis
