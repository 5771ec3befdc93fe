#pragma once
// The readable source of a hotlist. board/host/config/hotlist.toml explains every key.

#include <filesystem>

#include "base/result.hpp"
#include "core/hotlist.hpp"

namespace portcullis {

/// Without version and time. Plates as people write them: "b-os 123". Errors: configuration (file, line, key
/// and cure; never a plate).
[[nodiscard]] Result<Hotlist> load_hotlist_source(const std::filesystem::path& file);

}  // namespace portcullis
