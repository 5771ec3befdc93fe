#include "apps/common/opener_keys.hpp"

#include "base/log.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

Result<std::optional<RecipientToken>> recipient_token(const OpenerSettings& settings) {
    if (settings.key_store.token.empty()) return std::optional<RecipientToken>();
    return std::optional(TRY(with_context(RecipientToken::create(settings.key_store.token), "[key_store]")));
}

Result<EnvelopeOpener> open_keys(const OpenerSettings& settings, std::optional<RecipientToken>& token) {
    TrustSettings trust;
    trust.ca_chain = settings.devices.ca_chain;
    trust.signers = settings.devices.signers;
    trust.revocations = settings.devices.revocations;
    trust.deny_list = settings.devices.deny_list;
    std::vector<RecipientKey> recipients;
    if (!settings.key_store.file.empty()) {
        const KeyStore store = TRY(KeyStore::open({settings.key_store.file, settings.key_store.kek}));
        recipients = TRY(store.unwrap(token ? token->keys() : TokenKeys()));
    }
    for (const OpenerSettings::Recipient& recipient : settings.recipients)
        recipients.push_back(TRY(load_recipient({recipient.key, recipient.certificate})));
    TrustStore devices = TRY(TrustStore::create(trust));
    log_info("opener", "recipients={} known_signers={}", recipients.size(), devices.size());
    return EnvelopeOpener::create(std::move(recipients), std::move(devices));
}

}  // namespace portcullis
