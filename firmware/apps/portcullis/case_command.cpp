#include "apps/portcullis/case_command.hpp"

#include <iostream>
#include <memory>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_options.hpp"
#include "apps/portcullis/time_option.hpp"
#include "casefile/case_request.hpp"

namespace portcullis {

namespace {

constexpr auto footer =
    "Nothing leaves a collector but a case file, and that takes two people of the access policy, each with "
    "a\n"
    "key of his own (its certificate is of the people CA and bears the account's name):\n\n"
    "  portcullis case ask --fleet north --purpose stolen-vehicle --case 2026-117 --plate 'BOS 123' \\\n"
    "      --from 7d --recipient court.crt --days 14 --key alice.key --certificate alice.crt \\\n"
    "      --seal-to cases.crt --seal-to bob-seal.crt -o 117.request\n"
    "  portcullis case approve 117.request --open-key bob-seal.key --open-certificate bob-seal.crt \\\n"
    "      --people-ca people.pem --people people --key bob.key --certificate bob.crt -o 117.approval\n"
    "  portcullis case make 117.request 117.approval -o 117.case      (on the opener's host, as its user)\n"
    "  portcullis case open 117.case --key court.key --certificate court.crt \\\n"
    "      --maker-ca maker-ca.pem --maker cases-sign.crt -o 117\n\n"
    "An approval is for one file, and for a week. Before anything is opened entries in the audit log are "
    "durable.\n"
    "Exit: 0 done, 1 refused or failed, 2 wrong usage or configuration";

void add_signer(CLI::App& command, CaseOptions& options) {
    command.add_option("--key", options.signer.key, "your signing key (PEM, mode 0600)")->required();
    command
        .add_option("--certificate", options.signer.certificate,
                    "its certificate; the common name is your account")
        ->required();
}

void add_people(CLI::App& command, CaseOptions& options) {
    command.add_option("--people-ca", options.people_chain, "the people CA and its root (PEM)")->required();
    command.add_option("--people", options.people, "folder of the people's certificates, or one of them")
        ->required();
}

void add_request(CLI::App& command, CaseOptions& options) {
    command.add_option("REQUEST", options.file, "what `case ask` wrote")->required();
}

void add_opener(CLI::App& command, CaseOptions& options) {
    command.add_option("--open-key", options.opener.key, "the key to which the request was sealed")
        ->required();
    command.add_option("--open-certificate", options.opener.certificate, "its certificate")->required();
}

CLI::Option* add_output(CLI::App& command, CaseOptions& options, const char* what) {
    return command.add_option("-o,--output", options.output, what)->required();
}

void add_question(CLI::App& command, CaseOptions& options) {
    auto* const plate =
        command.add_option("--plate", options.plate, "search: the plate; ? and * as in `portcullis search`");
    auto* const like =
        command.add_option("--like", options.like, "search: the same with look-alikes")->excludes(plate);
    auto* const from = command.add_option("--from", options.from,
                                          "search: captured then or later: " + std::string(time_rule));
    auto* const to = command.add_option("--to", options.to, "search: captured before then");
    command.add_option("--device", options.device, "search: of this device; north-* for all that begin so");
    command.add_option("--lane", options.lane, "search: on this lane");
    command.add_option("--direction", options.direction, "search: only these")
        ->check(CLI::IsMember({"approaching", "receding", "unknown"}));
    command
        .add_option("--read", options.reads, "or a read by its name, DEVICE/CHAIN/SEQ; may be given again")
        ->allow_extra_args(false)
        ->excludes(plate)
        ->excludes(like)
        ->excludes(from)
        ->excludes(to);
}

void add_ask(CLI::App& command, CaseOptions& options) {
    command.add_option("--fleet", options.fleet, "the fleet, as the access policy says it")->required();
    command.add_option("--purpose", options.purpose, "why: one of the access policy's")->required();
    command.add_option("--case", options.case_number, "for which case")->required();
    add_question(command, options);
    command.add_option("--most", options.most, "reads that it may hold; when more are found, none is given")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{max_case_reads}))
        ->capture_default_str();
    command.add_flag("--pictures", options.pictures, "their pictures as well; they may show people");
    command
        .add_option("--recipient", options.recipient, "certificate (PEM, key agreement) of who will open it")
        ->required();
    command.add_option("--days", options.days, "how long he may use it")
        ->check(
            CLI::Range(std::uint64_t{1}, std::uint64_t{static_cast<std::uint64_t>(max_case_life.count())}))
        ->capture_default_str();
    command
        .add_option("--seal-to", options.sealed_to,
                    "who may read the request: certificates of the opener ([cases]) and of who approves")
        ->allow_extra_args(false);
}

void add_make(CLI::App& command, CaseOptions& options) {
    add_request(command, options);
    command.add_option("APPROVAL", options.approval, "what `case approve` wrote")->required();
    command.add_option("--config", options.settings, "the opener's settings")->capture_default_str();
    command.add_option("--store", options.store, store_option_text)->capture_default_str();
    command.add_option("--models", options.models, "where the plate formats lie");
    add_output(command, options, "the folder that it becomes; not there yet");
}

void add_open(CLI::App& command, CaseOptions& options) {
    command.add_option("FOLDER", options.file, "the case file")->required();
    command.add_option("--key", options.opener.key, "your key (PEM, mode 0600)")->required();
    command.add_option("--certificate", options.opener.certificate, "its certificate")->required();
    command.add_option("--maker-ca", options.people_chain, "the CA of who makes case files, and its root")
        ->required();
    command.add_option("--maker", options.people, "his certificate, or a folder of them")->required();
    add_output(command, options, "the folder for what is in it; not there yet");
}

}  // namespace

std::function<int()> add_case_command(CLI::App& app) {
    const auto options = std::make_shared<CaseOptions>();
    CLI::App* command = app.add_subcommand(
        "case", "Case files: ask, approve, make and open what leaves the collector, sealed to one person");
    command->require_subcommand(1);
    command->footer(footer);
    using Step = Result<void> (*)(const CaseOptions&, UtcTime);
    const std::vector<std::pair<CLI::App*, Step>> steps = {
        {command->add_subcommand("ask", "Write and sign a request; it is sealed to those named by --seal-to"),
         &ask_for_case},
        {command->add_subcommand("show", "Show a request, and who signed it"), &show_case},
        {command->add_subcommand("approve", "Sign another person's request"), &approve_case},
        {command->add_subcommand("make", "Make the file, on the opener's host"), &make_case},
        {command->add_subcommand("open", "Open it as its recipient"), &open_case}};
    add_ask(*steps[0].first, *options);
    add_signer(*steps[0].first, *options);
    steps[0].first->get_option("--seal-to")->required();
    add_output(*steps[0].first, *options, "the request's file");
    for (const std::size_t i : {1U, 2U}) {
        add_request(*steps[i].first, *options);
        add_opener(*steps[i].first, *options);
        add_people(*steps[i].first, *options);
    }
    add_signer(*steps[2].first, *options);
    add_output(*steps[2].first, *options, "the approval's file");
    add_make(*steps[3].first, *options);
    add_open(*steps[4].first, *options);
    return [options, steps] {
        for (const auto& [one, run] : steps) {
            if (!one->parsed()) continue;
            const Result<void> done = run(*options, SystemClock().utc());
            if (done) return 0;
            std::cerr << "portcullis case: " << done.error().message() << "\n";
            return done.error().code() == ErrorCode::configuration ? 2 : 1;
        }
        return 2;
    };
}

}  // namespace portcullis
