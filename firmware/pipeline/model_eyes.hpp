#pragma once
// Loads detector and plate reader and puts them together as Eyes. Each call makes its own copies of the
// models, for one pipeline or one worker.

#include <filesystem>

#include "pipeline/eyes.hpp"

namespace portcullis {

/// models holds the folders plate-detector and plate-reader. Errors: configuration (no such folder: with the
/// cure), and those of the models' own loading.
[[nodiscard]] Result<Eyes> load_eyes(const std::filesystem::path& models);

}  // namespace portcullis
