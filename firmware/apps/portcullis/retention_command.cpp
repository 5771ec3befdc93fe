#include "apps/portcullis/retention_command.hpp"

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "apps/common/recipient_token.hpp"
#include "apps/common/service_key.hpp"
#include "apps/portcullis/exit_code.hpp"
#include "apps/portcullis/hold_host.hpp"
#include "apps/portcullis/retention_run.hpp"
#include "base/file.hpp"
#include "base/kernel_clock.hpp"
#include "base/log.hpp"
#include "config/opener_settings.hpp"

namespace portcullis {

namespace {

struct RetentionOptions {
    std::filesystem::path settings = "/etc/portcullis/opener.toml";
    bool trust_clock = false;
};

Result<OpenerSettings> settings_of(const RetentionOptions& options) {
    OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    set_log_level(settings.log_level);
    if (settings.retention.schedule.empty())
        return fail(
            ErrorCode::configuration,
            "{}: retention.schedule names no file: keys are destroyed by hand only (`portcullis epoch "
            "destroy`)",
            options.settings.string());
    return settings;
}

Result<RetentionGate> gate_of(const OpenerSettings& settings) {
    return with_context(RetentionGate::create(settings.access.policy_chain, settings.access.policy_signers),
                        "[access]");
}

Result<std::unique_ptr<RecipientToken>> token_of(const OpenerSettings& settings) {
    if (settings.key_store.token.empty()) return std::unique_ptr<RecipientToken>();
    return std::make_unique<RecipientToken>(
        TRY(with_context(RecipientToken::create(settings.key_store.token), "[key_store]")));
}

std::string words_of(const std::vector<Purpose>& purposes) {
    std::vector<std::string_view> words;
    words.reserve(purposes.size());
    for (const Purpose purpose : purposes)
        words.push_back(to_string(purpose));
    return fmt::format("{}", fmt::join(words, ","));
}

/// What was destroyed cannot be had back: not by a clock that nobody keeps in step.
Result<void> check_clock(const RetentionOptions& options) {
    if (options.trust_clock || read_kernel_clock().in_step) return {};
    return fail(
        ErrorCode::refused,
        "nothing keeps this host's clock in step (timedatectl), and nothing is destroyed by it; if it is "
        "right all the same: --trust-clock");
}

void warn_of_missing(const KeyStore& store, const KnownRetention& known, const std::string& fleet,
                     UtcTime now) {
    const std::vector<KeptKey> keys = keys_by(store, known.schedule, fleet);
    for (const Purpose purpose : purposes_without_key(keys, known.schedule, fleet, now))
        log_warning("retention", "the store holds no {} key of now: what is sealed to it opens nowhere",
                    to_string(purpose));
}

std::string held_words(const Destruction& destruction) {
    if (destruction.holds.empty()) return {};
    return fmt::format(" holds that keep something of it: {}", destruction.holds.size());
}

Result<void> run(const RetentionOptions& options) {
    const OpenerSettings settings = TRY(settings_of(options));
    TRY(check_clock(options));
    const UtcTime now = SystemClock().utc();
    const RetentionGate gate = TRY(gate_of(settings));
    const auto witness = TRY(open_service_key(settings.retention.key, settings.retention.certificate));
    const auto token = TRY(token_of(settings));
    AuditLog log =
        TRY(with_context(AuditLog::attach(settings.audit_log), "portcullis-opener makes it when it starts"));
    const KnownRetention known = TRY(take_schedule(settings.retention.schedule, gate, log, now));
    KeyStore store = TRY(KeyStore::open({settings.key_store.file, settings.key_store.kek}));
    const TokenKeys in_token = token ? token->keys() : TokenKeys();
    const RetentionDesk desk{
        store, in_token, log, *witness,
        [&settings](const std::vector<std::string>& keys) { return holds_for_record(settings, keys); }};
    const auto done = TRY(destroy_due(desk, known, settings.access.fleet, now));
    for (const Destruction& destruction : done)
        std::cout << fmt::format("destroyed: {} keys: {}{}\n", to_string(destruction.epoch),
                                 destruction.keys.size(), held_words(destruction));
    std::cout << fmt::format("keys left: {}\n", store.entries().size());
    if (!settings.holds.folder.empty()) {
        HoldHost holds = TRY(HoldHost::create(settings));
        std::cout << fmt::format("holds released: {}\n", TRY(holds.release_due(log, *witness, now)));
    }
    warn_of_missing(store, known, settings.access.fleet, now);
    return {};
}

Result<void> show(const RetentionOptions& options) {
    const OpenerSettings settings = TRY(settings_of(options));
    const RetentionGate gate = TRY(gate_of(settings));
    const Bytes blob = TRY(read_file(settings.retention.schedule, max_retention_bytes));
    const KnownRetention known = TRY(gate.open(blob, std::nullopt));
    const KeyStore store = TRY(KeyStore::view({settings.key_store.file, settings.key_store.kek}));
    const UtcTime now = SystemClock().utc();
    std::cout << fmt::format("schedule: version {} of {}\n", known.schedule.version,
                             to_iso8601(known.schedule.issued));
    const std::vector<KeptKey> keys = keys_by(store, known.schedule, settings.access.fleet);
    for (const KeptKey& key : keys)
        std::cout << fmt::format("{:<16}  {}  {:<26}  {}\n", to_string(key.epoch), key.key_id,
                                 words_of(key.purposes),
                                 !key.due          ? "kept: no rule"
                                 : *key.due <= now ? "due"
                                                   : "due " + to_iso8601(*key.due));
    for (const Purpose purpose : purposes_without_key(keys, known.schedule, settings.access.fleet, now))
        std::cout << fmt::format("{}: no key of now\n", to_string(purpose));
    return {};
}

CLI::App* step(CLI::App& command, const char* name, const char* what, RetentionOptions& options) {
    CLI::App* one = command.add_subcommand(name, what);
    one->add_option("--config", options.settings, "The opener's settings")->capture_default_str();
    return one;
}

}  // namespace

std::function<int()> add_retention_command(CLI::App& app) {
    const auto options = std::make_shared<RetentionOptions>();
    CLI::App* command = app.add_subcommand(
        "retention", "Destroy the keys of epochs whose time is over, by the signed schedule");
    command->require_subcommand(1);
    command->footer(
        "An epoch is over when its length and the time that its keys are kept have passed, by the rule of "
        "its "
        "fleet and\n"
        "purpose; a key for several purposes goes with the first of them. Each destruction leaves a signed "
        "record beside\n"
        "the key store and an entry in the audit log, which the witness signs; `portcullis audit verify "
        "--destroyed` checks\n"
        "them. What was cut off is ended by the next run. portcullis-retention.timer runs it every minute.\n"
        "Exit code: 0 done, 1 refused or failed, 2 wrong usage or configuration.");
    CLI::App* runs = step(*command, "run", "Destroy what is due", *options);
    runs->add_flag("--trust-clock", options->trust_clock, "Also when nothing keeps the host's clock in step");
    step(*command, "show", "Show the keys, and when each is due", *options);
    return
        [options, runs] { return exit_code("retention", runs->parsed() ? run(*options) : show(*options)); };
}

}  // namespace portcullis
