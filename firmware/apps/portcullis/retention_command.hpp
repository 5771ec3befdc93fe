#pragma once
// portcullis retention: destroys the keys of epochs whose time is over, by the signed schedule, and shows
// when that of the others will be.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed or
/// refused, 2 configuration).
[[nodiscard]] std::function<int()> add_retention_command(CLI::App& app);

}  // namespace portcullis
