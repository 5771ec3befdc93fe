#pragma once
// portcullis policy: signs and shows recipient sets, whom a fleet's devices seal to, and access policies.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed or
/// refused, 2 configuration).
[[nodiscard]] std::function<int()> add_policy_command(CLI::App& app);

}  // namespace portcullis
