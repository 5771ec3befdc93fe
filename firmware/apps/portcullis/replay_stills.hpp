#pragma once
// `portcullis replay --stills`: unrelated pictures, each read by itself, by a fixed number of workers with
// models of their own; the lines come out in the order of the pictures.

#include "apps/portcullis/replay_options.hpp"

namespace portcullis {

/// Errors: the input's, the models', the output's. Broken pictures are told on stderr and counted.
[[nodiscard]] Result<ReplayOutcome> replay_stills(const ReplayOptions& options);

}  // namespace portcullis
