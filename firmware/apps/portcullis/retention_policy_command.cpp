#include "apps/portcullis/retention_policy_command.hpp"

#include <CLI/CLI.hpp>

#include "apps/portcullis/retention_source.hpp"
#include "apps/portcullis/signed_policy_command.hpp"
#include "seal/retention.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

struct RetentionKind {
    using Document = RetentionSchedule;
    static constexpr const char* name = "retention";
    static constexpr const char* noun = "schedule";
    static constexpr const char* help =
        "Sign and show retention schedules: how long an epoch is, and its key is kept";
    static constexpr const char* sign_help = "Sign what a source file says of fleets, purposes and times";
    static constexpr const char* show_help = "Verify a schedule as the collector does and print it (JSON)";
    static constexpr const char* footer =
        "`portcullis retention run` destroys keys by the schedule that [retention] of opener.toml names. It "
        "takes it if the\n"
        "policy key signed it and its version is not lower than the newest that the audit log names.\n\n"
        "  portcullis policy retention sign all.retention --source retention.toml --previous "
        "all-6.retention \\\n"
        "      --key policy.key --certificate policy.crt --policy-chain root.crt";
    static constexpr std::size_t max_bytes = max_retention_bytes;
    static constexpr bool needs_fleet = false;

    static Result<RetentionSchedule> load(const std::filesystem::path& file) {
        return load_retention_source(file);
    }
    static std::string fleet_of(const RetentionSchedule& /*schedule*/) { return {}; }
    static Result<RetentionGate> gate(const SignedPolicyOptions& options, const std::string& /*fleet*/) {
        return RetentionGate::create(options.chain, options.certificate);
    }
    static Result<Bytes> sign(const SigningKey& key, const RetentionSchedule& schedule) {
        return sign_retention(key, schedule);
    }
    static const RetentionSchedule& document(const KnownRetention& known) { return known.schedule; }
    static std::string summary(const RetentionSchedule& schedule) {
        return fmt::format("rules: {}\n", schedule.rules.size());
    }
    static Json describe(const KnownRetention& known, UtcTime /*now*/) {
        Json json{{"version", known.schedule.version},
                  {"issued", to_iso8601(known.schedule.issued)},
                  {"signer", known.signer},
                  {"digest", to_hex(known.digest)},
                  {"rules", Json::array()}};
        for (const RetentionRule& rule : known.schedule.rules)
            json["rules"].push_back({{"fleet", rule.fleet},
                                     {"purpose", to_string(rule.purpose)},
                                     {"epoch", span_text(rule.epoch)},
                                     {"keep", span_text(rule.keep)}});
        return json;
    }
};

}  // namespace

std::function<Result<void>()> add_retention_policy_command(CLI::App& policy) {
    return add_signed_policy_command<RetentionKind>(policy);
}

}  // namespace portcullis
