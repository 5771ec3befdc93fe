#pragma once
// `portcullis replay` without --stills: films and folders of consecutive pictures, walked by the very
// pipeline of the reader, as fast as it goes and with nothing dropped; one line a passage.

#include "apps/portcullis/replay_options.hpp"

namespace portcullis {

[[nodiscard]] Result<ReplayOutcome> replay_passages(const ReplayOptions& options);

}  // namespace portcullis
