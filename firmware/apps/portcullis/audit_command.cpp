#include "apps/portcullis/audit_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>

#include "apps/common/service_key.hpp"
#include "apps/common/store_source.hpp"
#include "apps/portcullis/audit_exchange.hpp"
#include "apps/portcullis/audit_exposure.hpp"
#include "apps/portcullis/audit_report.hpp"
#include "apps/portcullis/audit_trace.hpp"
#include "apps/portcullis/destruction_check.hpp"
#include "apps/portcullis/time_option.hpp"
#include "audit/audit_check.hpp"
#include "base/file.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr int cannot_read_audit = 3;
constexpr std::size_t max_kept_bytes = std::size_t{128} << 20;
constexpr unsigned kept_mode = 0644;  // nothing in it is secret
constexpr std::string_view standard_input = "-";

struct AuditOptions {
    fs::path log = "/var/lib/portcullis/opener/audit.db";
    std::vector<fs::path> witnesses;
    fs::path kept;
    fs::path key;
    std::string signing_key;
    fs::path folder;
    fs::path certificate;
    std::string input{standard_input};
    fs::path copy;
    std::uint64_t patience_hours = 24;
    std::uint64_t stale_hours = 2;
    bool json = false;
    AuditFilter filter;
    ExposureOptions exposure;
    fs::path destroyed;
    std::vector<fs::path> recorders;
};

Result<std::string> read_input(const std::string& from, std::size_t limit) {
    if (from != standard_input) return read_text_file(from, limit);
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.size() > limit) return fail(ErrorCode::exhausted, "the input has more than {} bytes", limit);
    return text;
}

/// All that was signed so far; nothing when there is no such file yet.
Result<std::vector<Bytes>> read_kept(const fs::path& file) {
    const auto pem = read_text_file(file, max_kept_bytes);
    if (!pem && pem.error().code() == ErrorCode::not_found) return std::vector<Bytes>();
    if (!pem) return fail(pem.error());
    return with_context(statements_from_pem(*pem), file.string());
}

Result<int> head(const AuditOptions& options) {
    AuditLog log = TRY(AuditLog::read_only(options.log));
    std::cout << encode_request(TRY(log.request()));
    return 0;
}

Result<int> sign(const AuditOptions& options) {
    const std::string text = TRY(read_input(options.input, max_request_bytes));
    const WitnessRequest request = TRY(parse_request(text));
    std::vector<fs::path> certificates = options.witnesses;
    certificates.push_back(options.certificate);
    const WitnessKeys keys = TRY(WitnessKeys::create(certificates));
    const auto key = TRY(open_service_key(options.signing_key, options.certificate));
    std::vector<Bytes> all = TRY(read_kept(options.kept));
    const std::vector<Witnessed> kept = TRY(with_context(keys.open_all(all), options.kept.string()));
    const std::vector<Bytes> answer = TRY(witness(request, kept, *key, SystemClock().utc()));
    const std::size_t fresh = static_cast<std::size_t>(request.statements) + answer.size() - all.size();
    all.insert(all.end(), answer.end() - static_cast<std::ptrdiff_t>(fresh), answer.end());
    // Kept before it is told: what the log holds, the witness remembers.
    const std::string pem = TRY(statements_to_pem(all));
    TRY(write_file_atomically(options.kept, as_bytes(pem), kept_mode));
    std::cout << TRY(statements_to_pem(answer));
    return 0;
}

Result<int> admit(const AuditOptions& options) {
    const WitnessKeys keys = TRY(WitnessKeys::create(options.witnesses));
    const std::string pem = TRY(read_input(options.input, max_kept_bytes));
    const std::vector<Bytes> answer = TRY(statements_from_pem(pem));
    AuditLog log = TRY(AuditLog::attach(options.log));
    std::cout << fmt::format("taken in: {}\n", TRY(log.admit(answer, keys)));
    return 0;
}

Result<int> exchange(const AuditOptions& options) {
    const WitnessKeys keys = TRY(WitnessKeys::create(options.witnesses));
    AuditLog log =
        TRY(with_context(AuditLog::attach(options.log), "portcullis-opener makes it when it starts"));
    const WitnessExchange done = TRY(exchange_with_witness(log, keys, options.folder));
    std::cout << fmt::format("taken in: {}, entries that wait for the witness: {}\n", done.taken_in,
                             done.waiting);
    return 0;
}

Result<std::optional<DestructionCheck>> destructions_of(const AuditOptions& options) {
    if (options.destroyed.empty()) return std::optional<DestructionCheck>();
    return std::optional(TRY(DestructionCheck::create(options.destroyed, options.recorders)));
}

std::string text_of(const DestructionCheck& destructions) {
    std::string text;
    for (const std::string& line : destructions.destroyed())
        text += line + "\n";
    for (const std::string& doubt : destructions.doubts())
        text += "  ! " + doubt + "\n";
    return text;
}

Result<int> look(const AuditOptions& options, bool report) {
    const WitnessKeys keys = TRY(WitnessKeys::create(options.witnesses));
    std::optional<RecipientKey> auditor;
    if (!options.key.empty() || !options.certificate.empty())
        auditor = TRY(load_recipient({options.key, options.certificate}));
    AuditCheck check{keys};
    if (!options.kept.empty()) {
        if (!fs::exists(options.kept))
            return fail(ErrorCode::configuration, "--kept {}: there is no such file", options.kept.string());
        check.kept = TRY(read_kept(options.kept));
    }
    check.now = SystemClock().utc();
    check.patience = std::chrono::hours(options.patience_hours);
    check.fresh = std::chrono::hours(options.stale_hours);
    AuditLog log = TRY(AuditLog::read_only(options.log));
    AuditListing listing(options.filter, auditor ? &*auditor : nullptr);
    std::optional<DestructionCheck> destructions = TRY(destructions_of(options));
    const AuditReport found = TRY(check_audit(log, check, [&](const AuditEntry& entry, ByteView asked) {
        if (report) listing.take(entry, asked);
        if (destructions) destructions->take(entry);
    }));
    if (options.json)
        std::cout << to_json(found, report ? &listing : nullptr, destructions ? &*destructions : nullptr);
    else
        std::cout << (report ? listing.table() : "") << (destructions ? text_of(*destructions) : "")
                  << text_of(found);
    const bool doubt = destructions && !destructions->doubts().empty();
    return found.in_order() && !doubt ? 0 : 1;
}

Result<int> trace(const AuditOptions& options) {
    return trace_copy({options.log, options.copy, options.key, options.certificate, options.json});
}

Result<int> expose(const AuditOptions& options) {
    ExposureOptions given = options.exposure;
    given.json = options.json;
    return report_exposure(given, SystemClock().utc());
}

int code_of(const Result<int>& done) {
    if (done) return *done;
    std::cerr << "portcullis audit: " << done.error().message() << "\n";
    switch (done.error().code()) {
        case ErrorCode::configuration:
        case ErrorCode::invalid_argument:
            return 2;
        case ErrorCode::refused:
            return 1;
        default:
            return cannot_read_audit;
    }
}

CLI::App* step(CLI::App& command, const char* name, const char* what, AuditOptions& options) {
    CLI::App* one = command.add_subcommand(name, what);
    one->add_option("LOG", options.log, "The audit log")->capture_default_str();
    return one;
}

CLI::Option* add_witnesses(CLI::App& command, AuditOptions& options) {
    return command
        .add_option("--witness", options.witnesses,
                    "The witness's certificate (PEM); again for each that he had before")
        ->allow_extra_args(false);
}

void add_check(CLI::App& command, AuditOptions& options) {
    add_witnesses(command, options)->required();
    command.add_option("--kept", options.kept,
                       "A copy of what the witness has kept: without it a log that was replaced whole looks "
                       "like a young one");
    command.add_option("--patience", options.patience_hours, "Hours that an entry may wait for the witness")
        ->check(CLI::Range(1, 24 * 366))
        ->capture_default_str();
    command
        .add_option("--stale", options.stale_hours,
                    "Hours after which an entry that waits for the witness is warned of")
        ->check(CLI::Range(1, 24 * 366))
        ->capture_default_str();
    command.add_flag("--json", options.json, "One JSON object");
    auto* const destroyed = command.add_option(
        "--destroyed", options.destroyed,
        "The key store: are the records of destroyed keys beside it those that the log names?");
    destroyed->needs(
        command.add_option("--recorder", options.recorders,
                           "Certificate of who signs such records (PEM); may be given several times"));
}

void add_filter(CLI::App& command, AuditOptions& options) {
    command.add_option("--who", options.filter.who, "Only this account's");
    command.add_option("--purpose", options.filter.purpose, "Only for this purpose");
    command.add_option("--case", options.filter.case_number, "Only for this case");
    command.add_option("--device", options.filter.device, "Only of this device");
    command.add_option("--since", options.filter.since, "From this day on, as 2026-11-25 (UTC)");
    command.add_option("--until", options.filter.until, "Up to this day, it included");
    auto* const key = command.add_option("--key", options.key, "The auditor's key: show what was asked for");
    key->needs(command.add_option("--certificate", options.certificate, "Its certificate (PEM)"));
}

CLI::App* tracing(CLI::App& command, AuditOptions& options) {
    CLI::App* one = command.add_subcommand(
        "trace",
        "Name the case file that a copy came from which turned up somewhere: text, CSV, JSON, any file");
    one->add_option("FILE", options.copy, "The copy")->required();
    one->add_option("LOG", options.log, "The audit log")->capture_default_str();
    one->add_flag("--json", options.json, "One JSON object");
    auto* const key =
        one->add_option("--key", options.key, "The auditor's key: canaries and recipients are sealed to it");
    key->needs(one->add_option("--certificate", options.certificate, "Its certificate (PEM)"));
    one->footer(
        "By the ids and the canary reads of the case files in the log. What is compressed (PDF, XLSX, ZIP) "
        "is "
        "to be\nunpacked first; a picture shows its mark. Exit: 0 named, 1 none named, 2 wrong usage, 3 the "
        "log "
        "cannot be read");
    return one;
}

CLI::App* exposing(CLI::App& command, AuditOptions& options) {
    CLI::App* one = command.add_subcommand(
        "exposure", "After a breach: which passages could have been seen, which could not, and why");
    ExposureOptions& exposure = options.exposure;
    one->add_option("--since", exposure.since, "When it may have begun: " + std::string(time_rule))
        ->required();
    one->add_option("--until", exposure.until, "When it was over; default: now");
    one->add_option("--key", exposure.key, "A recipient's key is known: its id, or its certificate's file");
    one->add_option("--device", exposure.device, "This device is in other hands");
    one->add_option("--account", exposure.account, "Somebody acted as this account");
    one->add_option("--disk-copy", exposure.disk_copy,
                    "A disk was copied: collector (the store), or host (the opener's key files as well)");
    one->add_option("--config", exposure.settings, "The opener's settings: they name log, keys and policy")
        ->capture_default_str();
    one->add_option("--store", exposure.store, store_option_text)->capture_default_str();
    one->add_option(
           "--recorder", exposure.recorders,
           "Certificate of who signed records of destroyed keys (PEM), beside the settings' one; may be "
           "given several times")
        ->allow_extra_args(false);
    one->add_option("--html", exposure.html, "Write one page for a spokesman there as well");
    one->add_flag("--json", options.json, "One JSON object");
    one->footer(
        "Nothing is opened. In doubt a passage could have been seen. Times of passages are those of their "
        "receipt.\n"
        "Exit: 0 none could have been seen, 1 some could, 2 wrong usage or configuration, 3 a file cannot be "
        "read");
    return one;
}

CLI::App* witnessing(CLI::App& command, AuditOptions& options) {
    CLI::App* one = command.add_subcommand(
        "witness", "On the witness's host: sign how far the log has come, if it goes on from the last time");
    one->add_option("REQUEST", options.input, "What `portcullis audit head` wrote; - is standard input")
        ->capture_default_str();
    one->add_option("--key", options.signing_key,
                    "The witness's key: a PEM file, or "
                    "pkcs11:token=..;object=..?module-path=..&pin-source=.. of a token")
        ->required();
    one->add_option("--certificate", options.certificate, "Its certificate (PEM)")->required();
    one->add_option("--kept", options.kept, "Where all that was signed is kept; one file a log")->required();
    add_witnesses(*one, options);
    return one;
}

CLI::App* exchanging(CLI::App& command, AuditOptions& options) {
    CLI::App* one =
        step(command, "exchange",
             "Take in the witness's answer from a folder, and put the next request there", options);
    one->add_option(
           "--folder", options.folder,
           "The folder: its files are `request` and `answer`; it is the opener's, and its group carries "
           "them")
        ->required()
        ->check(CLI::ExistingDirectory);
    add_witnesses(*one, options)->required();
    one->footer(
        "portcullis-witness.timer runs it every hour, portcullis-witness.path when an answer comes; on the "
        "witness's\nhost portcullis-witness-sign.timer fetches the request and brings the answer. What is "
        "refused "
        "is put\naside as answer.refused. Exit: 0 done, 1 refused, 2 wrong usage, 3 a file cannot be read");
    return one;
}

constexpr auto audit_footer =
    "The witness's key lives on another host, with another person. Once an hour, say:\n"
    "  portcullis audit head | ssh witness portcullis audit witness --key w.key --certificate w.crt \\\n"
    "      --kept collector.kept | portcullis audit admit /var/lib/portcullis/opener/audit.db - --witness "
    "w.crt\n"
    "What crosses are digests and signatures: no name, no case, no plate. The statements are CMS (PEM):\n"
    "`openssl cms -verify -inform PEM` reads them.\n"
    "Exit: 0 done, in order; 1 there is doubt, or the witness or the log refused; 2 wrong usage or\n"
    "configuration; 3 the log, or what was handed over, cannot be read";

}  // namespace

std::function<int()> add_audit_command(CLI::App& app) {
    const auto options = std::make_shared<AuditOptions>();
    CLI::App* command = app.add_subcommand(
        "audit", "The log of every access: who saw what and why; is it whole; its witness");
    command->require_subcommand(1);
    command->footer(audit_footer);
    using Step = std::function<Result<int>(const AuditOptions&)>;
    const std::vector<std::pair<CLI::App*, Step>> steps = {
        {step(*command, "head", "Write what the witness is to sign", *options), &head},
        {witnessing(*command, *options), &sign},
        {step(*command, "admit", "Take the witness's answer into the log", *options), &admit},
        {step(*command, "verify", "Is the log whole, and what the witness signed?", *options),
         [](const AuditOptions& given) { return look(given, false); }},
        {step(*command, "report", "Show the entries, and whether the log is whole", *options),
         [](const AuditOptions& given) { return look(given, true); }},
        {exchanging(*command, *options), &exchange},
        {tracing(*command, *options), &trace},
        {exposing(*command, *options), &expose}};
    steps[2]
        .first->add_option("ANSWER", options->input, "What the witness wrote; - is standard input")
        ->capture_default_str();
    add_witnesses(*steps[2].first, *options)->required();
    add_check(*steps[3].first, *options);
    add_check(*steps[4].first, *options);
    add_filter(*steps[4].first, *options);
    return [options, steps] {
        if (const auto bad = options->filter.check(); !bad) return code_of(fail(bad.error()));
        for (const auto& [one, run] : steps)
            if (one->parsed()) return code_of(run(*options));
        return 2;
    };
}

}  // namespace portcullis
