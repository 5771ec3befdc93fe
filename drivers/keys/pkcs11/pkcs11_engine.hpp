#pragma once
// Pkcs11Engine: OpenSSL's engine of the PKCS#11 world (Debian: libengine-pkcs11-openssl). It stays bound to
// the first token library that it opened as long as the process lives: one library a process, and a token put
// back is found by the next process. OpenSSL 3 calls engines deprecated and 4 has none; Debian 12 has nothing
// else that does this, and all of it stands in this one file. Thread-bound.

#include <memory>

#include "drivers/keys/pkcs11/token_uri.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

class Pkcs11Engine {
  public:
    /// Errors: configuration: the engine or the token's library is not there, the PIN file is not fit.
    [[nodiscard]] static Result<Pkcs11Engine> open(const TokenUri& uri);
    ~Pkcs11Engine();
    Pkcs11Engine(Pkcs11Engine&& other) noexcept;
    Pkcs11Engine& operator=(Pkcs11Engine&&) = delete;
    Pkcs11Engine(const Pkcs11Engine&) = delete;
    Pkcs11Engine& operator=(const Pkcs11Engine&) = delete;

    /// A handle on the private key, which stays in the token. Errors: configuration: no such token or key, or
    /// a wrong PIN.
    [[nodiscard]] Result<KeyPtr> load_key(const std::string& uri) const;

  private:
    struct Handle;
    explicit Pkcs11Engine(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

}  // namespace portcullis
