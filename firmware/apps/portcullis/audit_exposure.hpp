#pragma once
// `portcullis audit exposure`: after a breach, what could have been seen.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace portcullis {

struct ExposureOptions {
    std::string since;
    std::string until;
    std::string key;  // id, or a certificate's file
    std::string device;
    std::string account;
    std::string disk_copy;  // "collector" or "host"
    std::filesystem::path settings = "/etc/portcullis/opener.toml";
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
    std::vector<std::filesystem::path>
        recorders;  // who signed records of destroyed keys, beside [retention]'s
    std::filesystem::path html;
    bool json = false;
};

/// Prints the report. Gives the exit code: 0 nothing could have been seen, 1 something. Errors:
/// configuration, others.
[[nodiscard]] Result<int> report_exposure(const ExposureOptions& options, UtcTime now);

}  // namespace portcullis
