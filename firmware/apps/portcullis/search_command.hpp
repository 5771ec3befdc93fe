#pragma once
// `portcullis search`: asks the opener of this host which passages had a plate.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function that is returned runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_search_command(CLI::App& app);

}  // namespace portcullis
