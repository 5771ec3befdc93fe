#pragma once
// portcullis epoch: the opener's key store: recipient keys by epoch, wrapped, and destroyed when their time
// is over.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed or
/// refused, 2 configuration).
[[nodiscard]] std::function<int()> add_epoch_command(CLI::App& app);

}  // namespace portcullis
