#pragma once
// `portcullis bench road`: the whole road over a film, to records that are durable in a spool.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints its figures. Errors: the film's, the models', the folder's.
[[nodiscard]] Result<void> run_road(const RoadOptions& options);

}  // namespace portcullis::bench
