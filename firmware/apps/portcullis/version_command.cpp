#include "apps/portcullis/version_command.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/core/utility.hpp>

namespace portcullis {

namespace {

int print_version(bool as_json) {
    const nlohmann::ordered_json parts = {
        {"portcullis", PORTCULLIS_VERSION}, {"compiler", "GCC " __VERSION__},
        {"opencv", cv::getVersionString()}, {"openssl", ::OpenSSL_version(OPENSSL_VERSION)},
        {"sqlite", ::sqlite3_libversion()},
    };
    if (as_json) {
        fmt::print("{}\n", parts.dump());
        return 0;
    }
    for (const auto& [name, version] : parts.items())
        fmt::print("{:<12}{}\n", name, version.get<std::string>());
    return 0;
}

}  // namespace

std::function<int()> add_version_command(CLI::App& program) {
    CLI::App* command =
        program.add_subcommand("version", "Print the version of this build and of its libraries");
    auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "One JSON object");
    return [as_json] { return print_version(*as_json); };
}

}  // namespace portcullis
