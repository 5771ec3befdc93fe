#include "apps/portcullis/policy_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/portcullis/access_policy_command.hpp"
#include "apps/portcullis/exit_code.hpp"
#include "apps/portcullis/retention_policy_command.hpp"
#include "base/file.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/recipient_set.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

struct PolicyOptions {
    std::filesystem::path file;
    std::filesystem::path key;
    std::filesystem::path certificate;
    RecipientSetRules rules;
    std::filesystem::path previous;
    std::uint64_t version = 0;
    std::vector<std::string> read;  // DAY=FILE
    std::vector<std::string> plate;
    std::vector<std::string> overview;
    std::vector<std::string> health;
};

Result<RecipientEntry> entry_of(Purpose purpose, const std::string& text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const auto day = epoch_from_string(text.substr(0, equals));
    if (!day || equals == text.size())
        return fail(ErrorCode::configuration,
                    "--{} {}: write when the epoch begins and the certificate, as 2026-11-25=FILE or "
                    "2026-11-25T06:30=FILE",
                    to_string(purpose), text);
    const X509Ptr certificate = TRY(load_certificate(text.substr(equals + 1)));
    return RecipientEntry{purpose, *day, certificate_to_der(certificate.get())};
}

Result<std::vector<RecipientEntry>> entries_of(const PolicyOptions& options) {
    std::vector<RecipientEntry> entries;
    const std::pair<Purpose, const std::vector<std::string>*> lists[] = {
        {Purpose::read, &options.read},
        {Purpose::plate, &options.plate},
        {Purpose::overview, &options.overview},
        {Purpose::health, &options.health}};
    for (const auto& [purpose, list] : lists)
        for (const std::string& text : *list)
            entries.push_back(TRY(entry_of(purpose, text)));
    std::sort(entries.begin(), entries.end());
    return entries;
}

/// One above the set before: a version that goes back would be refused by every device.
Result<std::uint64_t> version_of(const PolicyOptions& options, const RecipientSetGate& gate) {
    if (options.previous.empty()) return options.version;
    const Bytes blob = TRY(read_file(options.previous, max_recipient_set_bytes));
    // However old it is.
    const KnownRecipients before = TRY(with_context(gate.open(blob, std::nullopt, UtcTime()), "--previous"));
    return before.set.version + 1;
}

Result<void> sign(const PolicyOptions& options) {
    const RecipientSetGate gate = TRY(RecipientSetGate::create(options.rules));
    const auto key =
        TRY(FileSigningKey::create(options.key, options.certificate, CertificateUse::sign_policy));
    if (options.rules.fleet.find_first_of("/+#") != std::string::npos)
        return fail(ErrorCode::configuration, "--fleet {}: the name stands in a topic: no '/', '+' or '#'",
                    options.rules.fleet);
    RecipientSet set;
    set.fleet = options.rules.fleet;
    set.version = TRY(version_of(options, gate));
    set.issued = std::chrono::floor<std::chrono::seconds>(SystemClock().utc());
    set.entries = TRY(entries_of(options));
    const Bytes blob = TRY(sign_recipient_set(*key, set));
    // What a device would refuse is not handed out.
    const KnownRecipients known = TRY(gate.open(blob, std::nullopt, set.issued));
    TRY(write_file_atomically(options.file, blob));
    std::cout << fmt::format("set: {}\nversion: {}\ndigest: {}\n", options.file.string(), set.version,
                             to_hex(known.digest));
    return {};
}

Json describe(const KnownRecipients& known, UtcTime now) {
    Json json;
    json["fleet"] = known.set.fleet;
    json["version"] = known.set.version;
    json["issued"] = to_iso8601(known.set.issued);
    json["age"] = to_string(age_of(known.set.issued, now));
    json["digest"] = to_hex(known.digest);
    json["entries"] = Json::array();
    for (std::size_t i = 0; i < known.set.entries.size(); ++i) {
        const RecipientEntry& entry = known.set.entries[i];
        const auto now_used = known.in_force(entry.purpose, now);
        Json one;
        one["purpose"] = to_string(entry.purpose);
        one["epoch"] = to_string(entry.epoch);
        one["name"] = common_name(known.certificates[i].get());
        one["key_id"] = key_id(known.certificates[i].get());
        one["in_force"] = std::ranges::find(now_used, i) != now_used.end();
        json["entries"].push_back(std::move(one));
    }
    return json;
}

Result<void> show(const PolicyOptions& options) {
    const RecipientSetGate gate = TRY(RecipientSetGate::create(options.rules));
    const Bytes blob = TRY(read_file(options.file, max_recipient_set_bytes));
    const KnownRecipients known = TRY(gate.open(blob, std::nullopt, UtcTime()));
    std::cout << describe(known, SystemClock().utc()).dump(2) << "\n";
    return {};
}

void add_rules(CLI::App& command, PolicyOptions& options) {
    command.add_option("--fleet", options.rules.fleet, "The fleet's name")->required();
    command.add_option("--policy-chain", options.rules.policy_chain, "The policy key's CA: the root (PEM)")
        ->required();
    command.add_option("--certificate", options.certificate, "The policy key's certificate (PEM)")
        ->required();
    command
        .add_option("--recipient-chain", options.rules.recipient_chain, "The recipient CA and its root (PEM)")
        ->required();
}

CLI::App* add_sign(CLI::App& command, PolicyOptions& options) {
    CLI::App* one = command.add_subcommand("sign", "Sign whom devices seal to, by purpose and epoch");
    one->add_option("FILE", options.file, "Where the set is written")->required();
    add_rules(*one, options);
    one->add_option("--key", options.key, "The policy key (PEM, mode 0600)")->required();
    auto* previous =
        one->add_option("--previous", options.previous, "The set before: the version is one above it");
    one->add_option("--version", options.version, "The version of a fleet's first set")
        ->check(CLI::Range(std::uint64_t{1}, (std::uint64_t{1} << 53U) - 1))
        ->excludes(previous);
    const auto list = [&](const char* name, std::vector<std::string>& to, const char* what) {
        return one->add_option(name, to, what)->allow_extra_args(false);
    };
    list("--read", options.read, "DAY=FILE: who opens reads from that day (UTC) on; may be given again")
        ->required();
    list("--plate", options.plate, "DAY=FILE: who opens plate pictures; nobody named: none are kept");
    list("--overview", options.overview, "DAY=FILE: who opens overviews; nobody named: none are kept");
    list("--health", options.health,
         "DAY=FILE: who opens health records; nobody named: those who open reads");
    one->callback([&options] {
        if (options.previous.empty() && options.version == 0)
            throw CLI::RequiredError("--previous, or --version");
    });
    return one;
}

CLI::App* add_show(CLI::App& command, PolicyOptions& options) {
    CLI::App* one = command.add_subcommand("show", "Verify a set as a device does and print it (JSON)");
    one->add_option("FILE", options.file, "A set that `sign` wrote")->required();
    add_rules(*one, options);
    return one;
}

}  // namespace

std::function<int()> add_policy_command(CLI::App& app) {
    const auto options = std::make_shared<PolicyOptions>();
    CLI::App* command = app.add_subcommand("policy",
                                           "Sign and show what the policy key says: whom a fleet's devices "
                                           "seal to, who may see what, how long keys are kept");
    command->require_subcommand(1);
    command->footer(
        "A set is published retained on lpr/v1/cfg/FLEET/recipients; devices take it if the policy key "
        "signed it, its\n"
        "version is higher, and every recipient is of the recipient CA and for its purpose.\n"
        "Exit code: 0 done, 1 refused or failed, 2 wrong usage or configuration.\n\n"
        "  portcullis policy sign north.set --previous north-6.set --fleet north --key policy.key \\\n"
        "      --certificate policy.crt --policy-chain root.crt --recipient-chain recipient-chain.pem \\\n"
        "      --read 2026-11-25=read-25.crt --read 2026-11-26=read-26.crt --plate 2026-11-25=plate-25.crt");
    CLI::App* signs = add_sign(*command, *options);
    CLI::App* shows = add_show(*command, *options);
    const std::function<Result<void>()> access = add_access_policy_command(*command);
    const std::function<Result<void>()> retention = add_retention_policy_command(*command);
    return [options, signs, shows, command, access, retention] {
        options->rules.policy_signers = options->certificate;
        if (signs->parsed()) return exit_code("policy", sign(*options));
        if (shows->parsed()) return exit_code("policy", show(*options));
        return exit_code("policy", command->got_subcommand("access") ? access() : retention());
    };
}

}  // namespace portcullis
