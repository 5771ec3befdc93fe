#pragma once
// What makes a change to a folder last: bytes written whole, names that a power cut does not take back.
// Errors name the path: io. Reentrant.

#include <filesystem>

#include "base/bytes.hpp"

namespace portcullis {

/// All of them, however often the kernel takes only some. path: for the error.
[[nodiscard]] Result<void> write_all(int fd, ByteView bytes, const std::filesystem::path& path);

/// From its return on the names in this folder ("" is the current one) are durable.
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

/// In one folder: after a power cut the file bears the one name or the other; the new one when it returned.
[[nodiscard]] Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace portcullis
