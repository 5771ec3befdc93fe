#pragma once
// `portcullis bench spool`: what a durable append costs in time, and what it writes to the flash.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout. Works in a new folder beneath options.folder and removes it. Errors:
/// configuration (the folder cannot be made), the spool's.
[[nodiscard]] Result<void> run_spool(const SpoolOptions& options);

}  // namespace portcullis::bench
