#pragma once
// `portcullis verify`: walks the chains of a collector's store without any key and says what it finds.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the returned function runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_verify_command(CLI::App& app);

}  // namespace portcullis
