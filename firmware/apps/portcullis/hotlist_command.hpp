#pragma once
// `portcullis hotlist`: sign and show a hotlist; see its hits, and say what they are.

#include <CLI/CLI.hpp>
#include <functional>

namespace portcullis {

/// Adds the subcommand; the function runs it: 0 done, 1 refused or failed, 2 wrong usage or configuration.
std::function<int()> add_hotlist_command(CLI::App& app);

}  // namespace portcullis
