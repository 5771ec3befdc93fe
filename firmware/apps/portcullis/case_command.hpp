#pragma once
// `portcullis case`: the only way in which reads leave the collector.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; what is returned runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_case_command(CLI::App& app);

}  // namespace portcullis
