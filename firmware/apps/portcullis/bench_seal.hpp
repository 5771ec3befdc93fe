#pragma once
// `portcullis bench seal`: what the envelope costs, in time and in bytes, against the bare operations of
// OpenSSL.

#include "apps/portcullis/bench_options.hpp"
#include "base/result.hpp"

namespace portcullis::bench {

/// Prints the figures on stdout. Errors: io (no folder for the keys), internal (OpenSSL; or a blob that does
/// not open again: nothing is measured that does not work).
[[nodiscard]] Result<void> run_seal(const SealOptions& options);

}  // namespace portcullis::bench
