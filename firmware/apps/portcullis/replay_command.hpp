#pragma once
// portcullis replay: reads pictures and films at the desk with the reader's own models and pipeline. Needs no
// keys and no network, and writes nothing but what it is asked for.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// As add_open_command: adds the subcommand, gives what runs it. Exit code: 0 something was read, 1 nothing
/// could be read or written, 2 wrong usage or configuration.
[[nodiscard]] std::function<int()> add_replay_command(CLI::App& program);

}  // namespace portcullis
