// `portcullis case make`: on the opener's host, with its keys and no network.
#include <openssl/rand.h>

#include <iostream>

#include "apps/common/opener_keys.hpp"
#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_options.hpp"
#include "apps/portcullis/case_store.hpp"
#include "apps/portcullis/models_folder.hpp"
#include "base/file.hpp"
#include "collector/opener/access_desk.hpp"
#include "collector/opener/accounts.hpp"
#include "collector/opener/plate_register.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/self_test.hpp"
#include "vision/mark.hpp"
#include "vision/plate_formats.hpp"

namespace portcullis {

namespace {

constexpr JpegSettings marked_jpeg{85, 1920};

Result<OpenerSettings> settings_for(const CaseOptions& options) {
    OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    const auto missing = [&](std::string_view key) {
        return fail(ErrorCode::configuration, "{}: {} names no file: no case file can be made without it",
                    options.settings.string(), key);
    };
    if (settings.cases.key.empty()) return missing("cases.key");
    if (settings.search.auditor.empty()) return missing("search.auditor");
    return settings;
}

/// The policy that the opener has in force: its log names it.
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

std::uint64_t random_below(std::uint64_t bound) {
    std::uint64_t number = 0;
    // A remainder is as good as even: bounds are small against 2^64.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1) std::abort();
    return number % bound;
}

Result<Bytes> marked(ByteView jpeg, const std::vector<std::string>& lines) {
    const replay::Picture picture = TRY(replay::decode_jpeg(jpeg));
    return mark_picture(picture.view, lines, marked_jpeg);
}

Result<Bytes> request_from(const CaseOptions& options, const OpenerSettings& settings) {
    const RecipientKey key = TRY(load_recipient({settings.cases.key, settings.cases.certificate}));
    const Bytes blob = TRY(read_file(options.file, max_blob_bytes));
    return with_context(open_envelope(key, blob), options.file.string());
}

std::uint64_t uid_of(const std::string& account) {
    constexpr uid_t nobody = 65534;  // an account that this host does not have
    return user_id(account).value_or(nobody);
}

Result<std::optional<PlateIndex>> index_for(const OpenerSettings& settings, const EnvelopeOpener& opener) {
    if (settings.search.index.empty()) return std::optional<PlateIndex>();
    std::optional<PlateIndex> index = TRY(
        with_context(PlateIndex::attach(settings.search.index), "portcullis-opener makes it when it starts"));
    TRY(index->use_keys(opener.recipients(), secrets_of(opener)));
    return index;
}

}  // namespace

Result<void> make_case(const CaseOptions& options, UtcTime now) {
    const OpenerSettings settings = TRY(settings_for(options));
    const OpenerSettings::CasesSection& cases = settings.cases;
    TRY(envelope_self_test());
    OpenerKeys keys = TRY(OpenerKeys::create(settings));
    const EnvelopeOpener opener = TRY(keys.open());
    const auto key = TRY(
        FileSigningKey::create(cases.signing_key, cases.signing_certificate, CertificateUse::sign_receipts));
    TrustSettings trust{cases.people_chain, cases.people, CertificateUse::sign_receipts};
    trust.deny_list = settings.devices.deny_list;
    const TrustStore people = TRY(with_context(TrustStore::create(trust), "[cases]"));
    std::vector<X509Ptr> auditor;
    auditor.push_back(TRY(load_certificate(settings.search.auditor)));
    TRY(check_certificate(auditor[0].get(), CertificateUse::receive, settings.search.auditor.string()));
    AuditLog log = TRY(AuditLog::attach(settings.audit_log));
    const KnownAccessPolicy policy = TRY(policy_in_force(settings, log));
    std::optional<PlateIndex> index = TRY(index_for(settings, opener));
    Store store = TRY(look_at_store(options.store));
    const std::filesystem::path models = TRY(find_models(options.models));
    const PlateFormats formats = TRY(PlateFormats::load(models / "plate-formats" / "formats.toml"));
    CaseWorld world{
        log,
        policy.policy,
        opener,
        index ? &*index : nullptr,
        people,
        auditor,
        *key,
        {cases.files_a_day, cases.reads_a_day, cases.site_reads_a_day},
        [&store](const CasePlace& place, bool pictures) { return sealed_read(store, place, pictures); },
        &marked,
        {&random_below,
         [&formats](const std::string& code) { return formats.invent(code, &random_below); },
         {}},
        &uid_of};
    Bytes request = TRY(request_from(options, settings));
    const Cleanse cleanse(request);
    const Bytes approval = TRY(read_file(options.approval, max_signed_case_bytes));
    const CaseManifest made = TRY(CaseMaker(std::move(world)).make(request, approval, options.output, now));
    std::cout << fmt::format("case file {} for {}: {} rows, {} files, until {}\n", to_string(made.id),
                             made.recipient, made.reads, made.parts.size() + 1, to_string(made.until));
    if (made.missing > 0)
        std::cout << fmt::format("{} reads could not be opened any more and are not in it\n", made.missing);
    if (made.may_lack)
        std::cout << "the index may not know all reads of that time; `portcullis index rebuild` mends it\n";
    return {};
}

}  // namespace portcullis
