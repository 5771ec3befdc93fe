#pragma once
// The tool `portcullis` as a person runs it, from a folder of the test's own.

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.hpp"

namespace portcullis::test {

struct ToolRun {
    int code = -1;
    std::string out;
    std::string err;
};

/// Leaves out.txt and err.txt in the folder.
inline ToolRun run_tool(const std::filesystem::path& folder, const std::string& arguments) {
    const std::string command = fmt::format("cd {} && {}/portcullis {} >out.txt 2>err.txt", folder.string(),
                                            PORTCULLIS_BIN_DIR, arguments);
    const int status = std::system(command.c_str());  // NOLINT: fixed words and our own folder
    const auto text = [&](const char* name) { return read_text_file(folder / name, 1'000'000).value(); };
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text("out.txt"), text("err.txt")};
}

}  // namespace portcullis::test
