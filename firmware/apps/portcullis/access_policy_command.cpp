#include "apps/portcullis/access_policy_command.hpp"

#include <CLI/CLI.hpp>

#include "apps/portcullis/access_policy_source.hpp"
#include "apps/portcullis/signed_policy_command.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/access_policy.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

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
              {"people", Json::array()},
              {"gateways", policy.gateways}};
    for (const AccessSite& site : policy.sites)
        json["sites"].push_back({{"name", site.name}, {"devices", site.devices}});
    for (const AccessPerson& person : policy.people)
        json["people"].push_back(describe(person, policy, now));
    return json;
}

struct AccessKind {
    using Document = AccessPolicy;
    static constexpr const char* name = "access";
    static constexpr const char* noun = "policy";
    static constexpr const char* help =
        "Sign and show access policies: who of a collector's host may see what, until when";
    static constexpr const char* sign_help = "Sign what a source file says of people and rights";
    static constexpr const char* show_help = "Verify a policy as an opener does and print it (JSON)";
    static constexpr const char* footer =
        "The opener reads the policy that [access] of opener.toml names, at its start and on SIGHUP. It "
        "takes "
        "it if the policy\n"
        "key signed it for its fleet and its version is not lower than the newest that its audit log "
        "names.\n\n"
        "  portcullis policy access sign north.access --source access.toml --previous north-6.access \\\n"
        "      --key policy.key --certificate policy.crt --policy-chain root.crt";
    static constexpr std::size_t max_bytes = max_access_policy_bytes;
    static constexpr bool needs_fleet = true;

    static Result<AccessPolicy> load(const std::filesystem::path& file) {
        return load_access_policy_source(file);
    }
    static const std::string& fleet_of(const AccessPolicy& policy) { return policy.fleet; }
    static Result<AccessPolicyGate> gate(const SignedPolicyOptions& options, const std::string& fleet) {
        return AccessPolicyGate::create({options.chain, options.certificate, fleet});
    }
    static Result<Bytes> sign(const SigningKey& key, const AccessPolicy& policy) {
        return sign_access_policy(key, policy);
    }
    static const AccessPolicy& document(const KnownAccessPolicy& known) { return known.policy; }
    static std::string summary(const AccessPolicy& policy) {
        return fmt::format("until: {}\n", to_string(policy.until));
    }
    static Json describe(const KnownAccessPolicy& known, UtcTime now) {
        return portcullis::describe(known, now);
    }
};

}  // namespace

std::function<Result<void>()> add_access_policy_command(CLI::App& policy) {
    return add_signed_policy_command<AccessKind>(policy);
}

}  // namespace portcullis
