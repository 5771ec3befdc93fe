#pragma once
// Loads the detector and the two plate readers and puts them together as Eyes. Each call makes its own copies
// of the models, for one pipeline or one worker.

#include <filesystem>

#include "pipeline/eyes.hpp"
#include "vision/second_opinion.hpp"

namespace portcullis {

/// models holds the folders plate-detector, plate-network and plate-reader. Errors: configuration (no such
/// folder: with the cure), and those of the models' own loading and of SecondOpinion.
[[nodiscard]] Result<Eyes> load_eyes(const std::filesystem::path& models,
                                     const SecondOpinionSettings& opinion = {});

}  // namespace portcullis
