// `portcullis hold make`, `list` and `release`: on the opener's host, with its keys and no network.
#include <algorithm>
#include <iostream>

#include "apps/common/opener_keys.hpp"
#include "apps/common/service_key.hpp"
#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_host.hpp"
#include "apps/portcullis/case_store.hpp"
#include "apps/portcullis/hold_host.hpp"
#include "base/file.hpp"
#include "casefile/hold_maker.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/self_test.hpp"

namespace portcullis {

namespace {

std::string line_of(const HoldRecord& hold) {
    return fmt::format(
        "hold {}: case {}, {} reads, {} missing, until {}, asked by {}, approved by {}, key {}\n",
        to_string(hold.id), hold.case_number, hold.reads, hold.missing, to_string(hold.until), hold.who,
        hold.approved, hold.key);
}

Result<std::unique_ptr<SigningKey>> recorder_of(const OpenerSettings& settings) {
    return open_service_key(settings.retention.key, settings.retention.certificate);
}

}  // namespace

Result<void> make_hold(const CaseOptions& options, UtcTime now) {
    const OpenerSettings settings = TRY(case_settings(options));
    HoldHost host = TRY(HoldHost::create(settings));
    TRY(envelope_self_test());
    OpenerKeys opener_keys = TRY(OpenerKeys::create(settings));
    const EnvelopeOpener opener = TRY(opener_keys.open());
    const std::vector<RecipientKey> keys = TRY(opener_keys.load());
    const auto recorder = TRY(recorder_of(settings));
    const TrustStore people = TRY(people_of(settings));
    const std::vector<X509Ptr> auditor = TRY(auditor_of(settings));
    AuditLog log = TRY(AuditLog::attach(settings.audit_log));
    const KnownAccessPolicy policy = TRY(policy_in_force(settings, log));
    std::optional<PlateIndex> index = TRY(index_for(settings, opener));
    Store store = TRY(look_at_store(options.store));
    HoldWorld world{
        log,
        policy.policy,
        opener,
        keys,
        index ? &*index : nullptr,
        people,
        auditor,
        *recorder,
        settings.holds.folder,
        host.keys(),
        [&store](const CasePlace& place, bool pictures) { return sealed_read(store, place, pictures); },
        &uid_of};
    Bytes request = TRY(request_from(options, settings));
    const Cleanse cleanse(request);
    const Bytes approval = TRY(read_file(options.approval, max_signed_case_bytes));
    std::cout << line_of(TRY(HoldMaker(std::move(world)).make(request, approval, now)));
    return {};
}

Result<void> list_holds(const CaseOptions& options, UtcTime now) {
    const OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    const HoldHost host = TRY(HoldHost::create(settings));
    for (const HoldRecord& hold : TRY(host.holds())) {
        std::cout << line_of(hold)
                  << (now >= end_of(hold.until) ? "  over: it is released by the next run\n" : "");
        if (!options.names) continue;
        const HoldList list = TRY(load_hold_list(settings.holds.folder, hold));
        for (const HeldRead& read : list.reads)
            std::cout << "  " << to_string(read.place) << "\n";
    }
    return {};
}

Result<void> release_hold(const CaseOptions& options, UtcTime now) {
    const OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    HoldHost host = TRY(HoldHost::create(settings));
    const auto recorder = TRY(recorder_of(settings));
    AuditLog log = TRY(AuditLog::attach(settings.audit_log));
    if (options.hold.empty()) {
        const std::size_t released = TRY(host.release_due(log, *recorder, now));
        std::cout << fmt::format("released: {}\n", released);
        return {};
    }
    for (const HoldRecord& hold : TRY(host.holds())) {
        if (to_string(hold.id) != options.hold) continue;
        TRY(host.release(hold, log, *recorder, now));
        std::cout << fmt::format("released: {}; nobody opens what it kept any more\n", options.hold);
        return {};
    }
    return fail(ErrorCode::configuration, "there is no hold {}; `portcullis hold list` names them",
                options.hold);
}

}  // namespace portcullis
