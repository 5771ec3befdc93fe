#pragma once
// The command line that the daemons share: --config, --check, --version, --help; exit codes 0 done, 1 failed,
// 2 wrong usage or configuration. Called by main, once.

#include <filesystem>
#include <functional>

#include "base/result.hpp"

namespace portcullis {

struct DaemonText {
    const char* name;         // "portcullis-uplink"
    const char* room;         // the word that stands before its errors in the log
    const char* description;  // what --help begins with
    const char* footer;       // files, signals, exit codes
    const char* default_file;
};

/// Runs the daemon with its settings file, after core dumps were denied and OpenSSL's memory is wiped when
/// freed; check_only: look at settings, keys and certificates, then end.
using RunDaemon = std::function<Result<void>(const std::filesystem::path& file, bool check_only)>;

[[nodiscard]] int daemon_main(int argc, char** argv, const DaemonText& text, const RunDaemon& run);

}  // namespace portcullis
