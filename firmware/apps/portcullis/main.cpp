// portcullis: the command-line tool. Composes subcommands, each of which stands in its own file.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/portcullis/audit_command.hpp"
#include "apps/portcullis/bench_command.hpp"
#include "apps/portcullis/case_command.hpp"
#include "apps/portcullis/crossings_command.hpp"
#include "apps/portcullis/epoch_command.hpp"
#include "apps/portcullis/health_command.hpp"
#include "apps/portcullis/hold_command.hpp"
#include "apps/portcullis/hotlist_command.hpp"
#include "apps/portcullis/index_command.hpp"
#include "apps/portcullis/ledger_command.hpp"
#include "apps/portcullis/open_command.hpp"
#include "apps/portcullis/policy_command.hpp"
#include "apps/portcullis/provision_command.hpp"
#include "apps/portcullis/replay_command.hpp"
#include "apps/portcullis/retention_command.hpp"
#include "apps/portcullis/search_command.hpp"
#include "apps/portcullis/store_command.hpp"
#include "apps/portcullis/tail_command.hpp"
#include "apps/portcullis/verify_command.hpp"
#include "apps/portcullis/version_command.hpp"
#include "base/log.hpp"
#include "pipeline/thread_limits.hpp"
#include "seal/openssl.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr auto description =
    "The tool of Portcullis, an edge license-plate reader whose reads are sealed, signed and accounted for.";
constexpr auto footer =
    "'portcullis COMMAND --help' explains a command.\n"
    "Exit code: 0 done, 1 failed, 2 wrong usage or configuration.";

struct Command {
    CLI::App* app;
    std::function<int()> run;
};

Command add(CLI::App& program, std::function<int()> (*add_command)(CLI::App&)) {
    auto run = add_command(program);
    return {program.get_subcommands({}).back(), std::move(run)};
}

/// For commands that hold plates or private keys: they get neither a network nor a core dump.
Command add_behind_the_wall(CLI::App& program, std::function<int()> (*add_command)(CLI::App&)) {
    Command command = add(program, add_command);
    command.run = [run = std::move(command.run)] {
        const auto dumps = deny_memory_dumps();
        const auto walled = dumps ? deny_network() : dumps;
        if (walled) return run();
        log_error("portcullis", "{}", walled.error().message());
        return 1;
    };
    return command;
}

}  // namespace

int main(int argc, char** argv) try {
    limit_library_threads(argv);
    // Before anything else asks OpenSSL for memory.
    if (const auto zeroing = install_zeroing_allocator(); !zeroing) {
        log_error("portcullis", "{}", zeroing.error().message());
        return 1;
    }
    CLI::App program{description, "portcullis"};
    program.footer(footer);
    program.require_subcommand(1);
    program.set_version_flag("--version", "portcullis " PORTCULLIS_VERSION);
    const std::vector<Command> commands = {
        add(program, add_replay_command),
        add_behind_the_wall(program, add_open_command),
        add_behind_the_wall(program, add_tail_command),
        add_behind_the_wall(program, add_search_command),
        add_behind_the_wall(program, add_crossings_command),
        add_behind_the_wall(program, add_hotlist_command),
        add_behind_the_wall(program, add_health_command),
        add_behind_the_wall(program, add_index_command),
        add(program, add_ledger_command),
        add(program, add_verify_command),
        add(program, add_store_command),
        add_behind_the_wall(program, add_audit_command),
        add_behind_the_wall(program, add_case_command),
        add_behind_the_wall(program, add_hold_command),
        add_behind_the_wall(program, add_epoch_command),
        add_behind_the_wall(program, add_retention_command),
        add_behind_the_wall(program, add_provision_command),
        add_behind_the_wall(program, add_policy_command),
        add(program, add_bench_command),
        add(program, add_version_command),
    };
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    for (const Command& command : commands)
        if (command.app->parsed()) return command.run();
    return 2;
} catch (const std::exception& error) {
    // Only what the command-line library or the memory throws comes here: rooms and drivers do not.
    std::fputs(error.what(), stderr);
    return 1;
}
