#include "apps/portcullis/hotlist_command.hpp"

#include "apps/portcullis/hotlist_options.hpp"
#include "apps/portcullis/time_option.hpp"
#include "core/wanted.hpp"

namespace portcullis {

namespace {

constexpr auto footer =
    "The opener holds each read that arrives against the hotlist that [hotlist] of opener.toml names, and "
    "keeps "
    "what\nis alike letter for letter or but for look-alikes (O0 I1 B8 S5). A hit is a candidate: before "
    "anybody "
    "acts,\na person looks at it and says what it is. His word, and each look, stands in the audit log "
    "first.\n\n"
    "  portcullis hotlist sign north.hotlist --source hotlist.toml --previous north-6.hotlist \\\n"
    "      --key hotlist.key --certificate hotlist.crt --policy-chain root.crt \\\n"
    "      --seal-to read-2026-11-26.crt --seal-to read-2026-11-27.crt \\\n"
    "      --open-key desk.key --open-certificate desk.crt\n"
    "  portcullis hotlist tokens north.wanted --hotlist north.hotlist --fleet north --previous "
    "north-6.wanted \\\n"
    "      --key hotlist.key --certificate hotlist.crt --policy-chain root.crt \\\n"
    "      --open-key desk.key --open-certificate desk.crt\n"
    "  portcullis hotlist hits --purpose stolen-vehicle --case 2026-117 --state candidate\n"
    "  portcullis hotlist confirm gate-1/0123456789abcdef/42 --purpose stolen-vehicle --case 2026-117\n\n"
    "Exit: 0 done, 1 refused or failed, 2 wrong usage or configuration";

void add_opening(CLI::App& command, HotlistOptions& options) {
    command.add_option("--open-key", options.open_key, "your key that opens lists (PEM, mode 0600)")
        ->required();
    command.add_option("--open-certificate", options.open_certificate, "its certificate (PEM)")->required();
}

void add_sign(CLI::App& command, HotlistOptions& options) {
    CLI::App* one = add_policy_sign(command, "Sign and seal what a source file says", options.list);
    one->add_option("--seal-to", options.sealed_to,
                    "a recipient of the opener's, PEM; one for each epoch in which the list is to be read")
        ->required();
    add_opening(*one, options);
}

void add_show(CLI::App& command, HotlistOptions& options) {
    CLI::App* one = command.add_subcommand("show", "Verify a list as an opener does and print it (JSON)");
    one->add_option("FILE", options.list.file, "What `sign` wrote")->required();
    one->add_option("--fleet", options.list.fleet, "The fleet's name")->required();
    add_policy_rules(*one, options.list);
    add_opening(*one, options);
}

void add_tokens(CLI::App& command, HotlistOptions& options) {
    CLI::App* one = command.add_subcommand(
        "tokens", "Make of a list what devices with hits_only are told: tokens, each of many plates");
    one->add_option("FILE", options.list.file, "Where they are written")->required();
    one->add_option("--hotlist", options.hotlist, "What `sign` wrote")->required();
    one->add_option("--fleet", options.list.fleet, "The fleet's name")->required();
    add_policy_rules(*one, options.list);
    one->add_option("--key", options.list.key, "The policy key (PEM, mode 0600)")->required();
    add_opening(*one, options);
    auto* previous = one->add_option("--previous", options.list.previous,
                                     "The tokens before: the version is one above theirs, the key the same");
    auto* version = one->add_option("--version", options.list.version, "The version of the very first")
                        ->check(CLI::Range(std::uint64_t{1}, (std::uint64_t{1} << 53U) - 1))
                        ->excludes(previous);
    one->add_option("--hours", options.hours, "so long devices believe them")
        ->check(CLI::Range(std::uint64_t{1}, static_cast<std::uint64_t>(max_wanted_life.count())))
        ->default_val(48);
    one->add_option("--keep-back", options.never_leaving,
                    "a case whose plates no device is told; may be given several times");
    one->add_flag("--fresh-key", options.fresh_key,
                  "another key: who has the tokens before as well can narrow down plates of both")
        ->needs(previous);
    one->callback([previous, version] {
        if (previous->empty() && version->empty()) throw CLI::RequiredError("--previous, or --version");
    });
    CLI::App* shows =
        command.add_subcommand("show-tokens", "Verify tokens as a device does and say what they are (JSON)");
    shows->add_option("FILE", options.list.file, "What `tokens` wrote")->required();
    shows->add_option("--fleet", options.list.fleet, "The fleet's name")->required();
    add_policy_rules(*shows, options.list);
}

void add_asking(CLI::App& command, HotlistOptions& options, const char* case_help) {
    command.add_option("--socket", options.socket, "the opener's view socket")->capture_default_str();
    command.add_option("--purpose", options.purpose, "of the entries: you see the hits of those alone")
        ->required();
    command.add_option("--case", options.case_number, case_help)->required();
    command.add_flag("--json", options.json, "one JSON object, for programs");
}

void add_hits(CLI::App& command, HotlistOptions& options) {
    CLI::App* one = command.add_subcommand("hits", "The hits at your sites, the newest first");
    add_asking(*one, options, "for which case you look: it stands in the audit log");
    one->add_option("--since", options.since, "captured then or later: " + std::string(time_rule));
    one->add_option("--state", options.state, "only these")
        ->check(CLI::IsMember({"candidate", "confirmed", "rejected"}));
}

void add_ruling(CLI::App& command, HotlistOptions& options, const char* name, const char* help) {
    CLI::App* one = command.add_subcommand(name, help);
    one->add_option("HIT", options.hit, "its place, as `hits` tells it: DEVICE/CHAIN/SEQ")->required();
    add_asking(*one, options, "the case of its entry");
}

Result<void> run(const CLI::App& command, const HotlistOptions& options) {
    const UtcTime now = SystemClock().utc();
    if (command.got_subcommand("sign")) return sign_hotlist_file(options, now);
    if (command.got_subcommand("show")) return show_hotlist_file(options, now);
    if (command.got_subcommand("tokens")) return make_wanted_file(options, now);
    if (command.got_subcommand("show-tokens")) return show_wanted_file(options, now);
    if (command.got_subcommand("confirm")) return ask_for_hits(options, HotlistAct::confirm, now);
    if (command.got_subcommand("reject")) return ask_for_hits(options, HotlistAct::reject, now);
    return ask_for_hits(options, HotlistAct::show, now);
}

}  // namespace

std::function<int()> add_hotlist_command(CLI::App& app) {
    const auto options = std::make_shared<HotlistOptions>();
    CLI::App* command = app.add_subcommand(
        "hotlist", "Which plates are wanted: sign the list, see its hits, say what they are");
    command->require_subcommand(1);
    command->footer(footer);
    add_sign(*command, *options);
    add_show(*command, *options);
    add_tokens(*command, *options);
    add_hits(*command, *options);
    add_ruling(*command, *options, "confirm", "Say that a hit is the vehicle that is wanted");
    add_ruling(*command, *options, "reject", "Say that a hit is another vehicle");
    return [command, options] {
        const Result<void> done = run(*command, *options);
        if (done) return 0;
        std::cerr << "portcullis hotlist: " << done.error().message() << "\n";
        return done.error().code() == ErrorCode::configuration ? 2 : 1;
    };
}

}  // namespace portcullis
