#include "apps/portcullis/access_policy_command.hpp"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/portcullis/access_policy_source.hpp"
#include "base/file.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/access_policy.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

struct AccessOptions {
    std::filesystem::path file;
    std::filesystem::path source;
    std::filesystem::path key;
    std::filesystem::path certificate;
    std::filesystem::path chain;
    std::filesystem::path previous;
    std::uint64_t version = 0;
    std::string fleet;
};

Result<AccessPolicyGate> gate_of(const AccessOptions& options, const std::string& fleet) {
    return AccessPolicyGate::create({options.chain, options.certificate, fleet});
}

/// The policy before; a version that goes back would be refused by every opener.
Result<std::optional<PolicyInUse>> before_of(const AccessOptions& options, const AccessPolicyGate& gate) {
    if (options.previous.empty()) return std::optional<PolicyInUse>();
    const Bytes blob = TRY(read_file(options.previous, max_access_policy_bytes));
    const KnownAccessPolicy before = TRY(with_context(gate.open(blob, std::nullopt), "--previous"));
    return std::optional(PolicyInUse{before.policy.version, before.digest});
}

Result<void> sign(const AccessOptions& options) {
    AccessPolicy policy = TRY(load_access_policy_source(options.source));
    const AccessPolicyGate gate = TRY(gate_of(options, policy.fleet));
    const auto key =
        TRY(FileSigningKey::create(options.key, options.certificate, CertificateUse::sign_policy));
    const std::optional<PolicyInUse> before = TRY(before_of(options, gate));
    policy.version = before ? before->version + 1 : options.version;
    policy.issued = std::chrono::floor<std::chrono::seconds>(SystemClock().utc());
    const Bytes blob = TRY(with_context(sign_access_policy(*key, policy), options.source.string()));
    // What an opener would refuse is not handed out.
    const KnownAccessPolicy known = TRY(gate.open(blob, before));
    TRY(write_file_atomically(options.file, blob));
    std::cout << fmt::format("policy: {}\nversion: {}\nuntil: {}\ndigest: {}\n", options.file.string(),
                             policy.version, to_string(policy.until), to_hex(known.digest));
    return {};
}

Json describe(const AccessPerson& person, const AccessPolicy& policy, UtcTime now) {
    return {{"account", person.account},
            {"role", to_string(person.role)},
            {"sites", person.sites},
            {"devices", policy.devices_of(person)},
            {"purposes", person.purposes},
            {"until", to_string(person.until)},
            {"in_force", now < end_of(person.until) && now < end_of(policy.until)}};
}

Json describe(const KnownAccessPolicy& known, UtcTime now) {
    const AccessPolicy& policy = known.policy;
    Json json{{"fleet", policy.fleet},
              {"version", policy.version},
              {"issued", to_iso8601(policy.issued)},
              {"until", to_string(policy.until)},
              {"in_force", now < end_of(policy.until)},
              {"signer", known.signer},
              {"digest", to_hex(known.digest)},
              {"purposes", policy.purposes},
              {"sites", Json::array()},
              {"people", Json::array()}};
    for (const AccessSite& site : policy.sites)
        json["sites"].push_back({{"name", site.name}, {"devices", site.devices}});
    for (const AccessPerson& person : policy.people)
        json["people"].push_back(describe(person, policy, now));
    return json;
}

Result<void> show(const AccessOptions& options) {
    const AccessPolicyGate gate = TRY(gate_of(options, options.fleet));
    const Bytes blob = TRY(read_file(options.file, max_access_policy_bytes));
    const KnownAccessPolicy known = TRY(gate.open(blob, std::nullopt));
    std::cout << describe(known, SystemClock().utc()).dump(2) << "\n";
    return {};
}

void add_rules(CLI::App& command, AccessOptions& options) {
    command.add_option("--policy-chain", options.chain, "The policy key's CA: the root (PEM)")->required();
    command.add_option("--certificate", options.certificate, "The policy key's certificate (PEM)")
        ->required();
}

CLI::App* add_sign(CLI::App& command, AccessOptions& options) {
    CLI::App* one = command.add_subcommand("sign", "Sign what a source file says of people and rights");
    one->add_option("FILE", options.file, "Where the policy is written")->required();
    one->add_option("--source", options.source, "What to sign (TOML; a commented example is installed)")
        ->required();
    add_rules(*one, options);
    one->add_option("--key", options.key, "The policy key (PEM, mode 0600)")->required();
    auto* previous =
        one->add_option("--previous", options.previous, "The policy before: the version is one above it");
    one->add_option("--version", options.version, "The version of a fleet's first policy")
        ->check(CLI::Range(std::uint64_t{1}, (std::uint64_t{1} << 53U) - 1))
        ->excludes(previous);
    one->callback([&options] {
        if (options.previous.empty() && options.version == 0)
            throw CLI::RequiredError("--previous, or --version");
    });
    return one;
}

CLI::App* add_show(CLI::App& command, AccessOptions& options) {
    CLI::App* one = command.add_subcommand("show", "Verify a policy as an opener does and print it (JSON)");
    one->add_option("FILE", options.file, "A policy that `sign` wrote")->required();
    one->add_option("--fleet", options.fleet, "The fleet's name")->required();
    add_rules(*one, options);
    return one;
}

}  // namespace

std::function<Result<void>()> add_access_policy_command(CLI::App& policy) {
    const auto options = std::make_shared<AccessOptions>();
    CLI::App* command = policy.add_subcommand(
        "access", "Sign and show access policies: who of a collector's host may see what, until when");
    command->require_subcommand(1);
    command->footer(
        "The opener reads the policy that [access] of opener.toml names, at its start and on SIGHUP. It "
        "takes "
        "it if the policy\n"
        "key signed it for its fleet and its version is not lower than the newest that its audit log "
        "names.\n\n"
        "  portcullis policy access sign north.access --source access.toml --previous north-6.access \\\n"
        "      --key policy.key --certificate policy.crt --policy-chain root.crt");
    CLI::App* signs = add_sign(*command, *options);
    add_show(*command, *options);
    return [options, signs] { return signs->parsed() ? sign(*options) : show(*options); };
}

}  // namespace portcullis
