#pragma once
// `portcullis bench collector`: how many records a second ingest and opener take, against what opening them
// costs at least.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout. Works in a new folder beneath options.folder and removes it; in a server's
/// database, which must be empty, it leaves what it wrote. Errors: configuration (the folder, the database),
/// the store's, internal (something was not stored or not judged as it should be).
[[nodiscard]] Result<void> run_collector(const CollectorOptions& options);

}  // namespace portcullis::bench
