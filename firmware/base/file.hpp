#pragma once
// Whole files, read with a limit and written so that a power cut leaves the old or the new one. Reentrant.

#include <filesystem>

#include "base/bytes.hpp"

namespace portcullis {

/// The bytes of a regular file. Errors name the path: not_found, io, exhausted (larger than limit_bytes).
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit_bytes);
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// Writes a temporary beside path, fsyncs it, renames it over path and fsyncs the folder: durable when it
/// returns. mode is that of the new file, e.g. 0600 for keys.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView bytes, unsigned mode = 0644);

}  // namespace portcullis
