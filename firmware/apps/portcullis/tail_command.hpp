#pragma once
// portcullis tail: shows reads as the opener opens them, one line each.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed).
[[nodiscard]] std::function<int()> add_tail_command(CLI::App& app);

}  // namespace portcullis
