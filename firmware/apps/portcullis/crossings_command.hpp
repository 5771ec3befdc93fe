#pragma once
// `portcullis crossings`: asks the opener of this host which vehicles came in and went out.

#include <CLI/CLI.hpp>
#include <functional>

namespace portcullis {

/// Adds the subcommand; the function that is returned runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_crossings_command(CLI::App& app);

}  // namespace portcullis
