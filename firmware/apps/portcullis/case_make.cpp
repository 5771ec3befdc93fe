// `portcullis case make`: on the opener's host, with its keys and no network.
#include <openssl/rand.h>

#include <iostream>

#include "apps/common/opener_keys.hpp"
#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_host.hpp"
#include "apps/portcullis/case_options.hpp"
#include "apps/portcullis/case_store.hpp"
#include "apps/portcullis/hold_host.hpp"
#include "apps/portcullis/models_folder.hpp"
#include "base/file.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/self_test.hpp"
#include "vision/mark.hpp"
#include "vision/plate_formats.hpp"

namespace portcullis {

namespace {

constexpr JpegSettings marked_jpeg{85, 1920};

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

/// Of the case that the request is for; none where nothing is held.
Result<HeldReads> held_for(const OpenerSettings& settings, ByteView request, const TrustStore& people,
                           UtcTime now) {
    if (settings.holds.folder.empty()) return HeldReads();
    const KnownRequest known = TRY(read_case_request(request, people, now));
    HoldHost holds = TRY(HoldHost::create(settings));
    return holds.reads_of_case(known.request.case_number, known.request.purpose, now);
}

}  // namespace

Result<void> make_case(const CaseOptions& options, UtcTime now) {
    const OpenerSettings settings = TRY(case_settings(options));
    const OpenerSettings::CasesSection& cases = settings.cases;
    TRY(envelope_self_test());
    OpenerKeys keys = TRY(OpenerKeys::create(settings));
    const EnvelopeOpener opener = TRY(keys.open());
    const auto key = TRY(
        FileSigningKey::create(cases.signing_key, cases.signing_certificate, CertificateUse::sign_receipts));
    const TrustStore people = TRY(people_of(settings));
    const std::vector<X509Ptr> auditor = TRY(auditor_of(settings));
    AuditLog log = TRY(AuditLog::attach(settings.audit_log));
    const KnownAccessPolicy policy = TRY(policy_in_force(settings, log));
    std::optional<PlateIndex> index = TRY(index_for(settings, opener));
    Bytes request = TRY(request_from(options, settings));
    const Cleanse cleanse(request);
    const HeldReads held = TRY(held_for(settings, request, people, now));
    Store store = TRY(look_at_store(options.store));
    const std::filesystem::path models = TRY(find_models(options.models));
    const PlateFormats formats = TRY(PlateFormats::load(models / "plate-formats" / "formats.toml"));
    CaseWorld world{log,
                    policy.policy,
                    opener,
                    index ? &*index : nullptr,
                    people,
                    auditor,
                    *key,
                    {cases.files_a_day, cases.reads_a_day, cases.site_reads_a_day},
                    [&](const CasePlace& place, bool pictures) -> Result<std::optional<SealedRead>> {
                        auto kept = TRY(held.find(place, pictures));
                        if (kept) return kept;
                        return sealed_read(store, place, pictures);
                    },
                    &marked,
                    {&random_below,
                     [&formats](const std::string& code) { return formats.invent(code, &random_below); },
                     {}},
                    &uid_of};
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
