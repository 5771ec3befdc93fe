#include "seal/policy_keys.hpp"

#include "seal/statement.hpp"

namespace portcullis {

Result<void> PolicyText::check_dates(UtcTime first, UtcTime last, std::string_view what) const {
    if (first >= valid_from && last <= valid_until) return {};
    return fail(ErrorCode::refused, "{}: its policy key holds from {} to {}; renew the policy key", what,
                to_iso8601(valid_from), to_iso8601(valid_until));
}

Result<PolicyKeys> PolicyKeys::create(const std::filesystem::path& chain,
                                      const std::filesystem::path& signers) {
    return PolicyKeys(
        TRY(TrustStore::create({.ca_chain = chain, .signers = signers, .use = CertificateUse::sign_policy})));
}

Result<PolicyText> PolicyKeys::read(ByteView blob, std::size_t limit_bytes, std::string_view what) const {
    auto text = verify_statement(blob, keys_, UtcTime(), limit_bytes);
    if (!text) return fail(ErrorCode::refused, "{}: {}", what, text.error().message());
    const Signer* signer = keys_.find(text->signer_key_id);
    if (signer->trust != KeyTrust::trusted)
        return fail(ErrorCode::refused, "{}: signed by the key {}, which is {} as a policy key", what,
                    text->signer_key_id, to_string(signer->trust));
    return PolicyText{std::move(text->json), signer->name, signer->valid_from, signer->valid_until};
}

}  // namespace portcullis
