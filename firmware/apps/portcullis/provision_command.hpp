#pragma once
// portcullis provision: keys made on the device, certificates that the device CA issues for them.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed or
/// refused, 2 configuration).
[[nodiscard]] std::function<int()> add_provision_command(CLI::App& app);

}  // namespace portcullis
