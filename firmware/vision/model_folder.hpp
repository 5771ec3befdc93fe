#pragma once
// What every model folder has: model.toml, whose section [model] names the weights and their digest, and the
// weights. The environment cannot change what model.toml says. Pure functions, reentrant.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

inline constexpr std::size_t max_weights_bytes = 8 * 1024 * 1024;

struct ModelIdentity {
    std::string name;
    std::string version;
    std::filesystem::path weights;
    std::string digest_hex;  // SHA-256 of the weights' file
};

/// folder/model.toml, to ask for further keys and finish(). Errors: configuration (the message names the file
/// and the cure).
[[nodiscard]] Result<SettingsReader> open_model_card(const std::filesystem::path& folder);

/// The keys that every section [model] has.
[[nodiscard]] ModelIdentity read_model_identity(SettingsSection& model);

/// The weights, unpacked if they are packed, only if the file's digest is the one of the card. Errors:
/// not_found, exhausted (beyond max_weights_bytes), corrupt (truncated, damaged or exchanged); each names the
/// file and the cure.
[[nodiscard]] Result<Bytes> load_weights(const ModelIdentity& model);

}  // namespace portcullis
