#pragma once
// portcullis health: opens the health records of a collector's store and shows them. Tables or JSON to
// stdout, errors to stderr.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand `health` to the program. The returned function runs it, when CLI11 has parsed the
/// command line and `health` was chosen, and gives the exit code: 0 all that is shown may be believed, 1 some
/// of it may not, there is none, or the store cannot be read, 2 wrong usage or configuration.
[[nodiscard]] std::function<int()> add_health_command(CLI::App& program);

}  // namespace portcullis
