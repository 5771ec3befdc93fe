#pragma once
// portcullis open: opens a sealed blob and says what it is worth. Prints JSON to stdout, errors to stderr.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand `open` to the program. The returned function runs it, when CLI11 has parsed the
/// command line and `open` was chosen, and gives the exit code: 0 the verdict is good, 1 it is not or nothing
/// could be opened, 2 wrong usage or configuration.
[[nodiscard]] std::function<int()> add_open_command(CLI::App& program);

}  // namespace portcullis
