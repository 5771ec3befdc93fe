#pragma once
// Files that hold a secret (private keys, PINs): looked at and read through one descriptor, so that what was
// looked at is what is read. Reentrant.

#include <filesystem>

#include "base/bytes.hpp"

namespace portcullis {

/// The whole file; the caller cleanses it. Refuses what is no regular file, what another user than ourselves
/// or root owns, and what others may read or write (a group may read: root:portcullis-reader 0640). what
/// stands in the error ("key"). Errors: configuration, with the path and the cure.
[[nodiscard]] Result<Bytes> read_secret_file(const std::filesystem::path& path, std::size_t limit_bytes,
                                             std::string_view what);

}  // namespace portcullis
