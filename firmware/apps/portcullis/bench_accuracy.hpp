#pragma once
// `portcullis bench accuracy`: the reader's figures on labelled pictures.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the report on stdout. Unreadable pictures are told on stderr and count as pictures without a read.
/// Errors: the labels', the models', the outputs'; not_found (no picture is left, or not one can be read).
[[nodiscard]] Result<void> run_accuracy(const AccuracyOptions& options);

}  // namespace portcullis::bench
