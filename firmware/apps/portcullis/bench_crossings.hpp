#pragma once
// `portcullis bench crossings`: how well passages of one vehicle are found again, and in what time.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout.
[[nodiscard]] Result<void> run_crossings(const CrossingsOptions& options);

}  // namespace portcullis::bench
