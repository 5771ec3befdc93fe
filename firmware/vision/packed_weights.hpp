#pragma once
// Weights may be packed with gzip (RFC 1952): rounded floats halve. Pure functions, reentrant.

#include <filesystem>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace portcullis {

/// True for a file whose name ends in ".gz".
[[nodiscard]] bool is_packed(const std::filesystem::path& file);

/// What was packed. Errors: corrupt (no whole gzip stream, or something behind it), exhausted (more than
/// max_bytes come out of it; no more memory is taken than that).
[[nodiscard]] Result<Bytes> unpack(const Bytes& packed, std::size_t max_bytes);

}  // namespace portcullis
