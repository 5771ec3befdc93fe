#pragma once
// `portcullis store`: the tables of a collector's store in a PostgreSQL database, made by who owns them.

#include <functional>

namespace CLI {
class App;
}

namespace portcullis {

/// Adds the subcommand; the returned function runs it and gives the exit code.
[[nodiscard]] std::function<int()> add_store_command(CLI::App& app);

}  // namespace portcullis
