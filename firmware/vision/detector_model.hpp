#pragma once
// The plate detector's folder: model.toml (name, version, weights, digest, geometry) and the weights it
// names. The weights are handed out only when their SHA-256 is the one in model.toml. Reentrant.

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis {

struct InputSize {
    int width = 0;  // pixels
    int height = 0;
};

inline constexpr std::size_t max_input_sizes = 16;

struct DetectorModel {
    std::string name;
    std::string version;
    Bytes weights;                 // an ONNX file
    std::vector<InputSize> sizes;  // of the network's input; a frame takes the one in which it is largest
    float mean = 0;                // taken from each value before it is scaled
    float scale = 1;               // then multiplied by this
    int pad = 0;                   // grey level beside a frame of another shape
    int stride = 16;               // pixels of the input from one cell of the answer to the next
    std::string output;
    float score_threshold = 0.5F;
};

/// Errors: configuration (model.toml missing or wrong), not_found, exhausted (a file beyond its limit),
/// corrupt (the weights are not those of the digest: truncated, damaged or exchanged). Every message names
/// the file and the cure.
[[nodiscard]] Result<DetectorModel> load_detector_model(const std::filesystem::path& folder);

}  // namespace portcullis
