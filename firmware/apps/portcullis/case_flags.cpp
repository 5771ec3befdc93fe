#include "apps/portcullis/case_flags.hpp"

#include <iostream>

#include "apps/portcullis/time_option.hpp"
#include "casefile/case_request.hpp"

namespace portcullis {

namespace {

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

void add_ask(CLI::App& command, CaseOptions& options, const char* recipient, std::uint64_t longest) {
    command.add_option("--fleet", options.fleet, "the fleet, as the access policy says it")->required();
    command.add_option("--purpose", options.purpose, "why: one of the access policy's")->required();
    command.add_option("--case", options.case_number, "for which case")->required();
    add_question(command, options);
    command.add_option("--most", options.most, "reads that it may hold; when more are found, none is given")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{max_case_reads}))
        ->capture_default_str();
    command.add_flag("--pictures", options.pictures, "their pictures as well; they may show people");
    command.add_option("--recipient", options.recipient, recipient)->required();
    command.add_option("--days", options.days, "how long it may be used, or lasts")
        ->check(CLI::Range(std::uint64_t{1}, longest))
        ->capture_default_str();
    command
        .add_option("--seal-to", options.sealed_to,
                    "who may read the request: certificates of the opener ([cases]) and of who approves")
        ->required()
        ->allow_extra_args(false);
}

}  // namespace

void add_case_request(CLI::App& command, CaseOptions& options) {
    command
        .add_option("REQUEST", options.file,
                    options.is_hold ? "what `hold ask` wrote" : "what `case ask` wrote")
        ->required();
}

void add_case_opener(CLI::App& command, CaseOptions& options) {
    command.add_option("--open-key", options.opener.key, "the key to which the request was sealed")
        ->required();
    command.add_option("--open-certificate", options.opener.certificate, "its certificate")->required();
}

CLI::Option* add_case_output(CLI::App& command, CaseOptions& options, const char* what) {
    return command.add_option("-o,--output", options.output, what)->required();
}

CaseSteps add_request_steps(CLI::App& command, CaseOptions& options, const char* recipient,
                            std::uint64_t longest) {
    CLI::App* const ask =
        command.add_subcommand("ask", "Write and sign a request; it is sealed to those named by --seal-to");
    CLI::App* const show = command.add_subcommand("show", "Show a request, and who signed it");
    CLI::App* const approve = command.add_subcommand("approve", "Sign another person's request");
    add_ask(*ask, options, recipient, longest);
    add_signer(*ask, options);
    add_case_output(*ask, options, "the request's file");
    for (CLI::App* const one : {show, approve}) {
        add_case_request(*one, options);
        add_case_opener(*one, options);
        add_people(*one, options);
    }
    add_signer(*approve, options);
    add_case_output(*approve, options, "the approval's file");
    return {{ask, &ask_for_case}, {show, &show_case}, {approve, &approve_case}};
}

int run_case_step(const CaseSteps& steps, const CaseOptions& options, const char* name) {
    for (const auto& [one, run] : steps) {
        if (!one->parsed()) continue;
        const Result<void> done = run(options, SystemClock().utc());
        if (done) return 0;
        std::cerr << "portcullis " << name << ": " << done.error().message() << "\n";
        return done.error().code() == ErrorCode::configuration ? 2 : 1;
    }
    return 2;
}

}  // namespace portcullis
