#include "apps/common/opener_keys.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

namespace {

KeyStoreFiles store_of(const OpenerSettings& settings) {
    return {settings.key_store.file, settings.key_store.kek};
}

TrustSettings trust_of(const DeviceTrustFiles& devices) {
    TrustSettings trust;
    trust.ca_chain = devices.ca_chain;
    trust.signers = devices.signers;
    trust.revocations = devices.revocations;
    trust.deny_list = devices.deny_list;
    return trust;
}

std::vector<std::string> ids_in(const KeyStore& store) {
    std::vector<std::string> ids;
    for (const KeyStore::Entry& entry : store.entries())
        ids.push_back(entry.key_id);
    return ids;
}

}  // namespace

Result<OpenerKeys> OpenerKeys::create(const OpenerSettings& settings) {
    OpenerKeys keys(settings);
    const std::string& token = settings.key_store.token;
    if (!token.empty())
        keys.token_ =
            std::make_unique<RecipientToken>(TRY(with_context(RecipientToken::create(token), "[key_store]")));
    return keys;
}

Result<std::vector<RecipientKey>> OpenerKeys::load() {
    std::vector<RecipientKey> recipients;
    std::vector<std::string> stored;
    if (!settings_->key_store.file.empty()) {
        looked_at_ = stamp_of(settings_->key_store.file);
        const KeyStore store = TRY(KeyStore::view(store_of(*settings_)));
        recipients = TRY(store.unwrap(token_ ? token_->keys() : TokenKeys()));
        stored = ids_in(store);
    }
    for (const OpenerSettings::Recipient& recipient : settings_->recipients)
        recipients.push_back(TRY(load_recipient({recipient.key, recipient.certificate})));
    loaded_ = std::move(stored);
    return recipients;
}

Result<EnvelopeOpener> OpenerKeys::open() {
    std::vector<RecipientKey> recipients = TRY(load());
    TrustStore devices = TRY(TrustStore::create(trust_of(settings_->devices)));
    log_info("opener", "recipients={} known_signers={}", recipients.size(), devices.size());
    if (recipients.empty())
        log_warning(
            "opener",
            "holds no key of a recipient: nothing opens; add the epoch's with `portcullis epoch add`");
    EnvelopeOpener opener = TRY(EnvelopeOpener::create(std::move(recipients), std::move(devices)));
    stored_ = loaded_;
    return opener;
}

bool OpenerKeys::changed() const {
    const std::filesystem::path& store = settings_->key_store.file;
    return !store.empty() && stamp_of(store) != looked_at_;
}

Result<std::vector<std::string>> OpenerKeys::destroyed() const {
    std::vector<std::string> gone = stored_;
    if (gone.empty()) return gone;
    const std::vector<std::string> left = ids_in(TRY(KeyStore::view(store_of(*settings_))));
    std::erase_if(gone, [&left](const std::string& id) { return std::ranges::find(left, id) != left.end(); });
    return gone;
}

}  // namespace portcullis
