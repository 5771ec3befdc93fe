#include "apps/portcullis/hold_command.hpp"

#include <memory>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/case_flags.hpp"
#include "casefile/case_request.hpp"

namespace portcullis {

namespace {

constexpr auto hold_footer =
    "A legal hold keeps a bounded number of reads of one case beyond the end of their epoch, sealed to a "
    "key\n"
    "that is this hold's alone and has an end of its own. It takes two people, as a case file does:\n\n"
    "  portcullis epoch add holds.store --kek /kek/holds --epoch 2026-11-25T10:30 --key h.key --certificate "
    "h.crt\n"
    "  portcullis hold ask --fleet north --purpose stolen-vehicle --case 2026-117 --plate 'BOS 123' --from "
    "7d \\\n"
    "      --recipient h.crt --days 365 --key alice.key --certificate alice.crt --seal-to cases.crt \\\n"
    "      --seal-to bob-seal.crt -o 117.request\n"
    "  portcullis hold approve 117.request ...    (as `portcullis case approve`)\n"
    "  portcullis hold make 117.request 117.approval       (on the opener's host, before the epoch ends)\n"
    "  portcullis hold list --names\n"
    "  portcullis hold release 0123456789abcdef\n\n"
    "What is held goes out in a case file of the same case and purpose, named read by read, and in no other "
    "way:\n"
    "no search finds it when its epoch is over. `portcullis retention run` releases the holds that are "
    "over.\n"
    "Exit: 0 done, 1 refused or failed, 2 wrong usage or configuration";

void add_settings(CLI::App& command, CaseOptions& options) {
    command.add_option("--config", options.settings, "the opener's settings")->capture_default_str();
}

}  // namespace

std::function<int()> add_hold_command(CLI::App& app) {
    const auto options = std::make_shared<CaseOptions>();
    options->is_hold = true;
    CLI::App* command = app.add_subcommand(
        "hold", "Legal holds: keep reads of one case beyond the end of their epoch, and let them go");
    command->require_subcommand(1);
    command->footer(hold_footer);
    CaseSteps steps = add_request_steps(*command, *options,
                                        "the hold's certificate (PEM, key agreement), valid to its last day",
                                        static_cast<std::uint64_t>(max_hold_life.count()));
    CLI::App* const make = command->add_subcommand("make", "Keep the reads, on the opener's host");
    add_case_request(*make, *options);
    make->add_option("APPROVAL", options->approval, "what `hold approve` wrote")->required();
    make->add_option("--store", options->store, store_option_text)->capture_default_str();
    CLI::App* const list = command->add_subcommand("list", "Show what is held");
    list->add_flag("--names", options->names, "with the names of the reads");
    CLI::App* const release = command->add_subcommand("release", "Destroy a hold's key");
    release->add_option("HOLD", options->hold, "its id; without it: all that are over");
    for (CLI::App* const one : {make, list, release})
        add_settings(*one, *options);
    steps.insert(steps.end(), {{make, &make_hold}, {list, &list_holds}, {release, &release_hold}});
    return [options, steps] { return run_case_step(steps, *options, "hold"); };
}

}  // namespace portcullis
