#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"

#include <algorithm>

#include "drivers/keys/pkcs11/pkcs11_token.hpp"
#include "seal/key_trial.hpp"

namespace portcullis {

namespace {

/// Of the keys under one label.
struct Family {
    TokenUri uri;
    Pkcs11Token token;
    std::vector<TokenKey> keys;
};

Result<Family> family_of(std::string_view uri) {
    TokenUri parsed = TRY(parse_token_uri(uri));
    if (parsed.token.empty() || parsed.object.empty() || parsed.by_id)
        return fail(ErrorCode::configuration,
                    "{}: a key that is renewed is named by token and object, and not by its id: the next one "
                    "has another",
                    parsed.key);
    Pkcs11Token token = TRY(Pkcs11Token::open(parsed));
    std::vector<TokenKey> keys = TRY(token.find(parsed.object));
    return Family{std::move(parsed), std::move(token), std::move(keys)};
}

/// While a key is renewed there are two under its label, and the engine gives the first.
Result<KeyPtr> load_pair(const Pkcs11Engine& engine, std::string_view uri, X509* certificate) {
    const TokenUri token = TRY(parse_token_uri(uri));
    KeyPtr first = TRY(engine.load_key(token.key));
    if (check_pair(first.get(), certificate, "")) return first;
    const auto family = family_of(uri);
    const TokenKey* own = family ? pair_of(family->keys, X509_get0_pubkey(certificate)) : nullptr;
    return own == nullptr ? std::move(first) : engine.load_key(uri_of(token, *own));
}

}  // namespace

Result<std::unique_ptr<Pkcs11SigningKey>> Pkcs11SigningKey::create(std::string_view uri,
                                                                   const std::filesystem::path& certificate,
                                                                   CertificateUse use) {
    const TokenUri token = TRY(with_context(parse_token_uri(uri), "key"));
    X509Ptr named = TRY(load_certificate(certificate));
    TRY(check_certificate(named.get(), use, certificate.string()));
    Pkcs11Engine engine = TRY(with_context(Pkcs11Engine::open(token), "key"));
    KeyPtr key = TRY(with_context(load_pair(engine, uri, named.get()), "key"));
    TRY(check_pair(key.get(), named.get(), certificate.string()));
    std::unique_ptr<Pkcs11SigningKey> made(
        new Pkcs11SigningKey(std::move(engine), std::move(key), std::move(named)));
    TRY(try_key(*made, token.key));
    return made;
}

Result<std::unique_ptr<Pkcs11SigningKey>> Pkcs11SigningKey::successor(std::string_view uri, X509* in_use) {
    std::string path;
    {
        Family family = TRY(family_of(uri));
        EVP_PKEY* const now = X509_get0_pubkey(in_use);
        auto next = std::ranges::find_if(family.keys, [&](const TokenKey& key) {
            return key.public_key && EVP_PKEY_eq(key.public_key.get(), now) != 1;
        });
        if (next != family.keys.end())
            path = uri_of(family.uri, *next);
        else
            path = uri_of(family.uri, TRY(family.token.make(family.uri.object, TokenKeyUse::sign)));
    }
    const TokenUri token = TRY(parse_token_uri(uri));
    Pkcs11Engine engine = TRY(Pkcs11Engine::open(token));
    KeyPtr key = TRY(engine.load_key(path));
    return std::unique_ptr<Pkcs11SigningKey>(
        new Pkcs11SigningKey(std::move(engine), std::move(key), nullptr));
}

Result<void> Pkcs11SigningKey::retire(std::string_view uri, X509* in_use) {
    Family family = TRY(family_of(uri));
    const TokenKey* const own = pair_of(family.keys, X509_get0_pubkey(in_use));
    if (own == nullptr)
        return fail(ErrorCode::not_found, "{}: the certificate's key is not there", family.uri.key);
    for (const TokenKey& key : family.keys)
        if (&key != own) TRY(family.token.destroy(key));
    return {};
}

}  // namespace portcullis
