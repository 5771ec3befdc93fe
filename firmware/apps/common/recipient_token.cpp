#include "apps/common/recipient_token.hpp"

namespace portcullis {

Result<RecipientToken> RecipientToken::create(std::string_view uri) {
    TokenUri parsed = TRY(with_context(parse_token_uri(uri), "token"));
    if (parsed.token.empty() || !parsed.object.empty() || parsed.by_id)
        return fail(ErrorCode::configuration,
                    "token '{}': names the token and no key; write "
                    "pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE",
                    uri);
    return RecipientToken(std::move(parsed));
}

TokenUri RecipientToken::labelled(const std::string& label) const {
    TokenUri uri = uri_;
    uri.key += ";object=" + label;
    uri.object = label;
    return uri;
}

Result<KeyPtr> RecipientToken::make(EpochStart epoch) const {
    Pkcs11Token token = TRY(Pkcs11Token::open(uri_));
    TokenKey made = TRY(token.make(epoch_label(epoch), TokenKeyUse::derive));
    return std::move(made.public_key);
}

Result<KeyPtr> RecipientToken::open(const std::string& label, X509* certificate) {
    std::string path;
    {
        Pkcs11Token token = TRY(Pkcs11Token::open(uri_));
        const auto keys = TRY(token.find(label));
        const TokenKey* key = pair_of(keys, X509_get0_pubkey(certificate));
        if (key == nullptr)
            return fail(ErrorCode::not_found,
                        "the token '{}' holds no key of the certificate under the label '{}'", uri_.token,
                        label);
        path = uri_of(labelled(label), *key);
    }
    if (!engine_) engine_.emplace(TRY(Pkcs11Engine::open(uri_)));
    return engine_->load_key(path);
}

Result<void> RecipientToken::destroy(const std::string& label, X509* certificate) const {
    Pkcs11Token token = TRY(Pkcs11Token::open(uri_));
    const auto keys = TRY(token.find(label));
    const TokenKey* only = certificate != nullptr ? pair_of(keys, X509_get0_pubkey(certificate)) : nullptr;
    for (const TokenKey& key : keys)
        if (certificate == nullptr || &key == only) TRY(token.destroy(key));
    return {};
}

TokenKeys RecipientToken::keys() {
    return {[this](const std::string& label, X509* certificate) { return open(label, certificate); },
            [this](const std::string& label, X509* certificate) { return destroy(label, certificate); }};
}

}  // namespace portcullis
