#pragma once
// `portcullis audit trace`: for whom the copy was made that turned up somewhere.

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace portcullis {

struct TraceOptions {
    std::filesystem::path log;
    std::filesystem::path copy;
    std::filesystem::path key;  // the auditor's; empty: by ids alone
    std::filesystem::path certificate;
    bool json = false;
};

/// Prints what it found. Gives the exit code: 0 a case file is named, 1 none. Errors: configuration, others.
[[nodiscard]] Result<int> trace_copy(const TraceOptions& options);

}  // namespace portcullis
