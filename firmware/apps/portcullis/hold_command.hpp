#pragma once
// portcullis hold: reads that are kept for one case beyond the end of their epoch, and let go again.

#include <CLI/CLI.hpp>
#include <functional>

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 refused or
/// failed, 2 wrong usage or configuration).
[[nodiscard]] std::function<int()> add_hold_command(CLI::App& app);

}  // namespace portcullis
