#pragma once
// `portcullis bench exposure`: how long the answer after a breach takes in a store of this size.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout. Works in a new folder beneath options.folder and removes it. Errors:
/// configuration (the folder cannot be made), the store's.
[[nodiscard]] Result<void> run_exposure(const BenchExposureOptions& options);

}  // namespace portcullis::bench
