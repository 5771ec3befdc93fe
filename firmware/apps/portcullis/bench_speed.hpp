#pragma once
// `portcullis bench speed`: where a picture's time goes, on one thread.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the times on stdout. Errors: configuration (a size that is none), those of the pictures (an empty
/// folder, an unreadable file: nothing is passed over) and of the models.
[[nodiscard]] Result<void> run_speed(const SpeedOptions& options);

}  // namespace portcullis::bench
