#include "apps/common/daemon_main.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/log.hpp"
#include "seal/openssl.hpp"
#include "wall/wall.hpp"

namespace portcullis {

int daemon_main(int argc, char** argv, const DaemonText& text, const RunDaemon& run) try {
    // Before anything else asks OpenSSL for memory: what it frees is gone, so is what keys left in it.
    Result<void> zeroing = install_zeroing_allocator();
    CLI::App app{text.description, text.name};
    app.footer(text.footer);
    std::filesystem::path file = text.default_file;
    bool check_only = false;
    app.add_option("--config", file, "settings file (TOML)")->capture_default_str();
    app.add_flag("--check", check_only, "check settings, keys and certificates, then end");
    app.set_version_flag("--version", std::string(text.name) + " " + PORTCULLIS_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto guarded = [&]() -> Result<void> {
        if (!zeroing) return zeroing;
        return deny_memory_dumps();
    };
    const Result<void> ready = guarded();
    const Result<void> done = ready ? run(file, check_only) : ready;
    if (done) return 0;
    log_error(text.room, "{}", done.error().message());
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
} catch (const std::exception& error) {
    // Only what the command-line library or the memory throws comes here: rooms and drivers do not.
    std::fputs(error.what(), stderr);
    return 1;
}

}  // namespace portcullis
