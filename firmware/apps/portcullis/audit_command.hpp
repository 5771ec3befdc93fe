#pragma once
// portcullis audit: the log of every access: what it says, whether it is whole, and what its witness signs.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 in order, 1 doubt or
/// refused, 2 wrong usage or configuration, 3 the log cannot be read).
[[nodiscard]] std::function<int()> add_audit_command(CLI::App& app);

}  // namespace portcullis
