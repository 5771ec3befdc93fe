#pragma once
// What `portcullis policy access` and `policy retention` have in common: a readable source is signed by the
// policy key, and what was signed is shown. A kind says what is its own:
//   using Document, Known; static: name, source_help, footer, max_bytes; load(file); gate(options, fleet);
//   sign(key, document); document(known); summary(document); describe(known, now); needs_fleet

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

struct SignedPolicyOptions {
    std::filesystem::path file;
    std::filesystem::path source;
    std::filesystem::path key;
    std::filesystem::path certificate;
    std::filesystem::path chain;
    std::filesystem::path previous;
    std::uint64_t version = 0;
    std::string fleet;
};

/// The one before; a version that goes back would be refused by everybody.
template <class Kind, class Gate>
Result<std::optional<SignedVersion>> version_before(const SignedPolicyOptions& options, const Gate& gate) {
    if (options.previous.empty()) return std::optional<SignedVersion>();
    const Bytes blob = TRY(read_file(options.previous, Kind::max_bytes));
    const auto before = TRY(with_context(gate.open(blob, std::nullopt), "--previous"));
    return std::optional(SignedVersion{Kind::document(before).version, before.digest});
}

template <class Kind>
Result<void> sign_policy_document(const SignedPolicyOptions& options) {
    typename Kind::Document document = TRY(Kind::load(options.source));
    const auto gate = TRY(Kind::gate(options, Kind::fleet_of(document)));
    const auto key =
        TRY(FileSigningKey::create(options.key, options.certificate, CertificateUse::sign_policy));
    const std::optional<SignedVersion> before = TRY((version_before<Kind>(options, gate)));
    document.version = before ? before->version + 1 : options.version;
    document.issued = std::chrono::floor<std::chrono::seconds>(SystemClock().utc());
    const Bytes blob = TRY(with_context(Kind::sign(*key, document), options.source.string()));
    // What would be refused is not handed out.
    const auto known = TRY(gate.open(blob, before));
    TRY(write_file_atomically(options.file, blob));
    std::cout << fmt::format("{}: {}\nversion: {}\n{}digest: {}\n", Kind::noun, options.file.string(),
                             document.version, Kind::summary(document), to_hex(known.digest));
    return {};
}

template <class Kind>
Result<void> show_policy_document(const SignedPolicyOptions& options) {
    const auto gate = TRY(Kind::gate(options, options.fleet));
    const Bytes blob = TRY(read_file(options.file, Kind::max_bytes));
    const auto known = TRY(gate.open(blob, std::nullopt));
    std::cout << Kind::describe(known, SystemClock().utc()).dump(2) << "\n";
    return {};
}

inline void add_policy_rules(CLI::App& command, SignedPolicyOptions& options) {
    command.add_option("--policy-chain", options.chain, "The policy key's CA: the root (PEM)")->required();
    command.add_option("--certificate", options.certificate, "The policy key's certificate (PEM)")
        ->required();
}

inline CLI::App* add_policy_sign(CLI::App& command, const char* help, SignedPolicyOptions& options) {
    CLI::App* one = command.add_subcommand("sign", help);
    one->add_option("FILE", options.file, "Where it is written")->required();
    one->add_option("--source", options.source, "What to sign (TOML; a commented example is installed)")
        ->required();
    add_policy_rules(*one, options);
    one->add_option("--key", options.key, "The policy key (PEM, mode 0600)")->required();
    auto* previous =
        one->add_option("--previous", options.previous, "The one before: the version is one above it");
    one->add_option("--version", options.version, "The version of the very first")
        ->check(CLI::Range(std::uint64_t{1}, (std::uint64_t{1} << 53U) - 1))
        ->excludes(previous);
    one->callback([&options] {
        if (options.previous.empty() && options.version == 0)
            throw CLI::RequiredError("--previous, or --version");
    });
    return one;
}

/// Adds Kind::name with `sign` and `show` to `portcullis policy`; the function runs what was given.
template <class Kind>
std::function<Result<void>()> add_signed_policy_command(CLI::App& policy) {
    const auto options = std::make_shared<SignedPolicyOptions>();
    CLI::App* command = policy.add_subcommand(Kind::name, Kind::help);
    command->require_subcommand(1);
    command->footer(Kind::footer);
    CLI::App* signs = add_policy_sign(*command, Kind::sign_help, *options);
    CLI::App* shows = command->add_subcommand("show", Kind::show_help);
    shows->add_option("FILE", options->file, "What `sign` wrote")->required();
    if (Kind::needs_fleet) shows->add_option("--fleet", options->fleet, "The fleet's name")->required();
    add_policy_rules(*shows, *options);
    return [options, signs] {
        return signs->parsed() ? sign_policy_document<Kind>(*options) : show_policy_document<Kind>(*options);
    };
}

}  // namespace portcullis
