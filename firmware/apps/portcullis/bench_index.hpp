#pragma once
// `portcullis bench index`: what a search of the opener's plate index costs, and what keeping it does.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout. Works in a new folder beneath options.folder and removes it. Errors:
/// configuration (the folder cannot be made), the index's.
[[nodiscard]] Result<void> run_index(const IndexOptions& options);

}  // namespace portcullis::bench
