#pragma once
// portcullis ledger: what the collector's store knows of each chain. Shows no plate data: there is none in
// it.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function runs it after parsing and gives the exit code (0 done, 1 failed).
[[nodiscard]] std::function<int()> add_ledger_command(CLI::App& app);

}  // namespace portcullis
