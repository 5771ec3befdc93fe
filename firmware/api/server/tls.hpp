#pragma once
// The API's end of TLS: 1.3 alone, a client certificate of the people's CA or no connection, no sessions that
// go on without one. Reentrant.

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"

namespace portcullis {

struct ApiTlsFiles {
    std::filesystem::path certificate;  // the API's, PEM, its CA's behind it if clients need them
    std::filesystem::path key;
    std::filesystem::path people_ca;    // PEM: who vouches for people's certificates, and its root
    std::filesystem::path revocations;  // CRLs (PEM) of all of these; empty: none
};

using SslContextPtr = std::shared_ptr<SSL_CTX>;

/// Errors: configuration (names the file and the cure).
[[nodiscard]] Result<SslContextPtr> make_tls_context(const ApiTlsFiles& files);

/// The one common name of the certificate that was verified, if it may be an account; nothing without one.
[[nodiscard]] std::optional<std::string> account_of_peer(const SSL* connection);

}  // namespace portcullis
