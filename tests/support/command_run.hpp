#pragma once
// A subcommand of the tool as a person types it, in this process.

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace portcullis::test {

struct Outcome {
    int code = -1;
    std::string out;  // and what went to the error stream
};

inline Outcome run_command(std::function<int()> (*add)(CLI::App&), const std::string& name,
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

}  // namespace portcullis::test
