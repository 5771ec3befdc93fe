#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"

#include "seal/key_trial.hpp"

namespace portcullis {

Result<std::unique_ptr<Pkcs11SigningKey>> Pkcs11SigningKey::create(std::string_view uri,
                                                                   const std::filesystem::path& certificate,
                                                                   CertificateUse use) {
    const TokenUri token = TRY(with_context(parse_token_uri(uri), "key"));
    X509Ptr named = TRY(load_certificate(certificate));
    TRY(check_certificate(named.get(), use, certificate.string()));
    Pkcs11Engine engine = TRY(with_context(Pkcs11Engine::open(token), "key"));
    KeyPtr key = TRY(with_context(engine.load_key(token.key), "key"));
    TRY(check_pair(key.get(), named.get(), certificate.string()));
    std::unique_ptr<Pkcs11SigningKey> made(
        new Pkcs11SigningKey(std::move(engine), std::move(key), std::move(named)));
    TRY(try_key(*made, token.key));
    return made;
}

}  // namespace portcullis
