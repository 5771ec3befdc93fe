#include "apps/portcullis/case_command.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_flags.hpp"
#include "casefile/case_request.hpp"

namespace portcullis {

namespace {

constexpr auto case_footer =
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

void add_make(CLI::App& command, CaseOptions& options) {
    add_case_request(command, options);
    command.add_option("APPROVAL", options.approval, "what `case approve` wrote")->required();
    command.add_option("--config", options.settings, "the opener's settings")->capture_default_str();
    command.add_option("--store", options.store, store_option_text)->capture_default_str();
    command.add_option("--models", options.models, "where the plate formats lie");
    add_case_output(command, options, "the folder that it becomes; not there yet");
}

void add_open(CLI::App& command, CaseOptions& options) {
    command.add_option("FOLDER", options.file, "the case file")->required();
    command.add_option("--key", options.opener.key, "your key (PEM, mode 0600)")->required();
    command.add_option("--certificate", options.opener.certificate, "its certificate")->required();
    command.add_option("--maker-ca", options.people_chain, "the CA of who makes case files, and its root")
        ->required();
    command.add_option("--maker", options.people, "his certificate, or a folder of them")->required();
    add_case_output(command, options, "the folder for what is in it; not there yet");
}

}  // namespace

std::function<int()> add_case_command(CLI::App& app) {
    const auto options = std::make_shared<CaseOptions>();
    CLI::App* command = app.add_subcommand(
        "case", "Case files: ask, approve, make and open what leaves the collector, sealed to one person");
    command->require_subcommand(1);
    command->footer(case_footer);
    CaseSteps steps =
        add_request_steps(*command, *options, "certificate (PEM, key agreement) of who will open it",
                          static_cast<std::uint64_t>(max_case_life.count()));
    CLI::App* const make = command->add_subcommand("make", "Make the file, on the opener's host");
    add_make(*make, *options);
    CLI::App* const open = command->add_subcommand("open", "Open it as its recipient");
    add_open(*open, *options);
    steps.insert(steps.end(), {{make, &make_case}, {open, &open_case}});
    return [options, steps] { return run_case_step(steps, *options, "case"); };
}

}  // namespace portcullis
