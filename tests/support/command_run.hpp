#pragma once
// A subcommand of the tool as a person types it, in this process.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace portcullis::test {

struct Outcome {
    int code = -1;
    std::string out;  // and what went to the error stream
};

Outcome run_command(std::function<int()> (*add)(CLI::App&), const std::string& name,
                    const std::vector<std::string>& arguments);

/// What --help tells.
std::string help_of(std::function<int()> (*add)(CLI::App&), const std::string& name);

}  // namespace portcullis::test
