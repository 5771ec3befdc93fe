#pragma once
// The keys with which a person opens what was sealed, and whom he believes, from the command line. Values;
// reentrant.

#include <filesystem>
#include <string>
#include <vector>

#include "seal/opener.hpp"

namespace CLI {
class App;
}

namespace portcullis {

struct OpenerOptions {
    std::vector<std::filesystem::path> keys;
    std::vector<std::filesystem::path> certificates;
    TrustSettings trust;
    std::string deny_list;
    std::string revocations;
};

/// --key, --certificate, --device-ca, --signers, --deny-list, --revocations; options must outlive command.
void add_opener_options(CLI::App& command, OpenerOptions& options);

/// Errors: configuration (names the file and the cure).
[[nodiscard]] Result<EnvelopeOpener> create_opener(const OpenerOptions& options);

}  // namespace portcullis
