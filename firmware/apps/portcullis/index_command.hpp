#pragma once
// `portcullis index`: the opener's plate index, made anew from the collector's store.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the function that is returned runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_index_command(CLI::App& app);

}  // namespace portcullis
