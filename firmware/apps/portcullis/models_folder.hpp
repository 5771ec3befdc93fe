#pragma once
// Where the tool finds the models when nobody says. Called before the first thread.

#include <filesystem>

#include "base/result.hpp"

namespace portcullis {

/// asked if it is not empty; else the environment's PORTCULLIS_MODELS; else share/portcullis/models beside
/// the program's bin folder; else the source tree around the build folder that it lies in. Errors:
/// configuration (none of them: names them all).
[[nodiscard]] Result<std::filesystem::path> find_models(const std::filesystem::path& asked);

}  // namespace portcullis
