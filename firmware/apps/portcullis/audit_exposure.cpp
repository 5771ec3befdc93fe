#include "apps/portcullis/audit_exposure.hpp"

#include <algorithm>
#include <iostream>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/exposure_report.hpp"
#include "apps/portcullis/exposure_source.hpp"
#include "apps/portcullis/time_option.hpp"
#include "base/file.hpp"
#include "record/destruction_codec.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

namespace {

Result<std::string> key_from(const std::string& text) {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (text.size() == key_id_letters && std::ranges::all_of(text, is_digit)) return text;
    const auto certificate = load_certificate(text);
    if (!certificate)
        return fail(ErrorCode::configuration,
                    "--key: {}; write a key id (40 hex digits) or a certificate's file",
                    certificate.error().message());
    return key_id(certificate->get());
}

Result<Breach> breach_of(const ExposureOptions& options, UtcTime now) {
    Breach breach;
    breach.since = TRY(time_from_option("--since", options.since, now));
    breach.until = options.until.empty() ? now : TRY(time_from_option("--until", options.until, now));
    if (breach.until < breach.since)
        return fail(ErrorCode::configuration, "--until lies before --since; exchange them");
    const auto given = {!options.key.empty(), !options.device.empty(), !options.account.empty(),
                        !options.disk_copy.empty()};
    if (std::ranges::count(given, true) != 1)
        return fail(ErrorCode::configuration,
                    "say what happened: one of --key, --device, --account, --disk-copy");
    if (!options.key.empty()) {
        breach.kind = BreachKind::key;
        breach.subject = TRY(key_from(options.key));
    } else if (!options.device.empty()) {
        breach.kind = BreachKind::device;
        breach.subject = options.device;
    } else if (!options.account.empty()) {
        breach.kind = BreachKind::account;
        breach.subject = options.account;
    } else if (options.disk_copy == "collector" || options.disk_copy == "host") {
        breach.kind = options.disk_copy == "host" ? BreachKind::host_copy : BreachKind::store_copy;
    } else {
        return fail(
            ErrorCode::configuration,
            "--disk-copy '{}': write collector (the store alone) or host (the opener's key files too)",
            options.disk_copy);
    }
    return breach;
}

Result<ExposureFacts> facts_of(const OpenerSettings& settings, const Breach& breach, KeyFacts keys) {
    ExposureFacts facts;
    facts.keys = std::move(keys.keys);
    if (breach.kind != BreachKind::account) return facts;
    TRY(add_looks(settings.audit_log, breach, facts));
    TRY(add_rights(settings, breach, facts));
    return facts;
}

void add_notes(ExposureReport& report, const Breach& breach, const ExposureFacts& facts, bool met) {
    if (breach.kind == BreachKind::key && !met)
        report.note(
            "No item of the store is sealed to that key. A signing key or a TLS key opens nothing; what was "
            "signed "
            "with a stolen one since then may be false.");
    if (breach.kind == BreachKind::device && !met)
        report.note("The store has no passage of a device of that name: is it spelt as in its certificate?");
    if (breach.kind == BreachKind::device)
        report.note(
            "What the device signed in that time may be false. Put it on the deny list; it is never enrolled "
            "again "
            "with the same keys.");
    if (breach.kind == BreachKind::account)
        report.note(
            "This rests on the audit log: `portcullis audit verify` says whether it is whole, up to its "
            "witness's "
            "last head.");
    if (breach.kind == BreachKind::account && facts.devices && facts.devices->empty())
        report.note(
            "The access policy gives the account no site: it is none of an operator's, or spelt otherwise.");
    if (breach.kind == BreachKind::store_copy || breach.kind == BreachKind::host_copy)
        report.note(
            "The copy tells which device sent something when and how large it was, and the audit log in it "
            "who "
            "looked at which passage.");
    if (breach.kind == BreachKind::host_copy)
        report.note(
            "Keys that are still in use open what comes from now on as well, for who has the copy and sees "
            "the "
            "traffic: replace them today.");
    if (breach.kind != BreachKind::device && breach.kind != BreachKind::account)
        report.note(
            "A destroyed key counts as gone from the time of its signed record on. A backup of its wrapping "
            "key "
            "from before, kept against the rules, would open its epoch.");
    report.note("What was opened before and kept elsewhere (screens, case files) is not in this report.");
}

void add_disbelieved(ExposureReport& report, const std::vector<std::string>& records) {
    for (const std::string& record : records)
        report.note(
            fmt::format("The record {} says that keys are destroyed, and no recorder who is named signed it "
                        "(--recorder, or "
                        "[retention] of the settings): it is not believed.",
                        record));
}

}  // namespace

Result<int> report_exposure(const ExposureOptions& options, UtcTime now) {
    const Breach breach = TRY(breach_of(options, now));
    const OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    KeyFacts keys = TRY(key_facts(settings, options.recorders));
    const std::vector<std::string> disbelieved = std::move(keys.disbelieved);
    const ExposureFacts facts = TRY(facts_of(settings, breach, std::move(keys)));
    Store store = TRY(look_at_store(options.store));
    ExposureReport report(breach);
    std::set<PassageName> gone = facts.shown;
    gone.insert(facts.taken_out.begin(), facts.taken_out.end());
    bool met = false;
    const HeldKeys held = TRY(held_keys(settings));
    TRY(for_each_passage(store, [&](const StoredPassage& stored) {
        StoredPassage with_holds;
        if (!held.reads.empty()) held.add_to(with_holds = stored);
        const StoredPassage& passage = held.reads.empty() ? stored : with_holds;
        report.take(passage, judge_exposure(passage, breach, facts));
        gone.erase({passage.device, passage.chain.bytes, passage.seq});
        met = met || passage.device == breach.subject || passage.read_keys.contains(breach.subject) ||
              passage.picture_keys.contains(breach.subject);
    }));
    report.add_gone(gone.size());
    add_notes(report, breach, facts, met);
    add_disbelieved(report, disbelieved);
    if (!options.html.empty()) TRY(write_file_atomically(options.html, as_bytes(report.html(now))));
    std::cout << (options.json ? report.json() : report.table());
    return report.exposed() == 0 ? 0 : 1;
}

}  // namespace portcullis
