#pragma once
// portcullis version: what this build is made of, for a bug report.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// As add_open_command: adds the subcommand, gives what runs it.
[[nodiscard]] std::function<int()> add_version_command(CLI::App& program);

}  // namespace portcullis
