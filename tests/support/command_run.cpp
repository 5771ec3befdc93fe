#include "support/command_run.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

namespace portcullis::test {

Outcome run_command(std::function<int()> (*add)(CLI::App&), const std::string& name,
                    const std::vector<std::string>& arguments) {
    CLI::App app;
    const std::function<int()> command = add(app);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    reversed.push_back(name);
    const std::ostringstream told;
    std::streambuf* const out = std::cout.rdbuf(told.rdbuf());
    std::streambuf* const errors = std::cerr.rdbuf(told.rdbuf());
    Outcome outcome;
    try {
        app.parse(reversed);
        outcome.code = command();
    } catch (const CLI::ParseError&) {
        outcome.code = 2;
    }
    std::cout.rdbuf(out);
    std::cerr.rdbuf(errors);
    outcome.out = told.str();
    return outcome;
}

std::string help_of(std::function<int()> (*add)(CLI::App&), const std::string& name) {
    CLI::App app;
    static_cast<void>(add(app));
    return app.get_subcommand(name)->help();
}

}  // namespace portcullis::test
