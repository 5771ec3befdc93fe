#pragma once
// The plate model's folder: model.toml (name, version, weights, digest, geometry) and the weights it names.
// The weights are handed out only when their SHA-256 is the one in model.toml. Reentrant.

#include <filesystem>
#include <string>

#include "base/bytes.hpp"

namespace portcullis {

struct PlateReaderModel {
    std::string name;
    std::string version;
    Bytes weights;  // a traineddata file
};

/// Errors: configuration (model.toml missing, wrong, or made for another line height), not_found, exhausted
/// (a file beyond its limit), corrupt (the weights are not those of the digest: truncated, damaged or
/// exchanged). Every message names the file and the cure.
[[nodiscard]] Result<PlateReaderModel> load_plate_reader_model(const std::filesystem::path& folder);

}  // namespace portcullis
