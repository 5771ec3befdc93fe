#pragma once
// portcullis bench accuracy|seal|speed|spool: the reader's figures at the desk, and what sealing and spooling
// cost. Needs no keys and no network.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// As add_replay_command. Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.
[[nodiscard]] std::function<int()> add_bench_command(CLI::App& program);

}  // namespace portcullis
