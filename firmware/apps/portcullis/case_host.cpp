#include "apps/portcullis/case_host.hpp"

#include "base/file.hpp"
#include "collector/link/accounts.hpp"
#include "collector/opener/access_desk.hpp"
#include "collector/opener/plate_register.hpp"

namespace portcullis {

Result<OpenerSettings> case_settings(const CaseOptions& options) {
    OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    const auto missing = [&](std::string_view key) {
        return fail(ErrorCode::configuration, "{}: {} names no file: nothing can be made without it",
                    options.settings.string(), key);
    };
    if (settings.cases.key.empty()) return missing("cases.key");
    if (settings.search.auditor.empty()) return missing("search.auditor");
    return settings;
}

Result<KnownAccessPolicy> policy_in_force(const OpenerSettings& settings, AuditLog& log) {
    const OpenerSettings::AccessSection& access = settings.access;
    KnownAccessPolicy known =
        TRY(load_access_policy({access.policy, {access.policy_chain, access.policy_signers, access.fleet}}));
    const std::optional<AdoptedPolicy> adopted = TRY(log.newest_policy());
    if (adopted && adopted->digest == known.digest) return known;
    return fail(ErrorCode::refused,
                "access.policy: {}: version {} is not the one that the opener has in force; let it read the "
                "policy anew (SIGHUP)",
                access.policy.string(), known.policy.version);
}

Result<TrustStore> people_of(const OpenerSettings& settings) {
    TrustSettings trust{settings.cases.people_chain, settings.cases.people, CertificateUse::sign_receipts};
    trust.deny_list = settings.devices.deny_list;
    return with_context(TrustStore::create(trust), "[cases]");
}

Result<std::vector<X509Ptr>> auditor_of(const OpenerSettings& settings) {
    std::vector<X509Ptr> auditor;
    auditor.push_back(TRY(load_certificate(settings.search.auditor)));
    TRY(check_certificate(auditor[0].get(), CertificateUse::receive, settings.search.auditor.string()));
    return auditor;
}

Result<Bytes> request_from(const CaseOptions& options, const OpenerSettings& settings) {
    const RecipientKey key = TRY(load_recipient({settings.cases.key, settings.cases.certificate}));
    const Bytes blob = TRY(read_file(options.file, max_blob_bytes));
    return with_context(open_envelope(key, blob), options.file.string());
}

Result<std::optional<PlateIndex>> index_for(const OpenerSettings& settings, const EnvelopeOpener& opener) {
    if (settings.search.index.empty()) return std::optional<PlateIndex>();
    std::optional<PlateIndex> index = TRY(
        with_context(PlateIndex::attach(settings.search.index), "portcullis-opener makes it when it starts"));
    TRY(index->use_keys(opener.recipients(), secrets_of(opener)));
    return index;
}

std::uint64_t uid_of(const std::string& account) {
    constexpr uid_t nobody = 65534;  // an account that this host does not have
    return user_id(account).value_or(nobody);
}

}  // namespace portcullis
