#pragma once
// The spool's file: opening it as owner (made, checked, a corrupt one set aside) or as guest. For the sources
// of this room only.

#include <filesystem>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "database/database.hpp"

namespace portcullis {

/// More corrupt files than this beside a spool mean a dying disk: opening is refused.
inline constexpr int max_broken_files = 16;

/// A larger file is read whole at opening only when it is suspect: 1.6 GB took 11 s from a cold disk. Its
/// rows are checked in any case.
inline constexpr std::uintmax_t full_check_bytes = std::uintmax_t{256} << 20;

/// Marks a file in which damage was seen, so that the owner's next opening reads all of it.
void mark_suspect(const std::filesystem::path& path);

struct SpoolFile {
    Database database;
    UniqueFd owner_lock;  // empty for a guest
    std::optional<std::filesystem::path> set_aside;
};

/// Errors as Spool::open.
[[nodiscard]] Result<SpoolFile> open_spool_file(const std::filesystem::path& path, const std::string& device);
/// Errors as Spool::attach.
[[nodiscard]] Result<SpoolFile> attach_spool_file(const std::filesystem::path& path,
                                                  const std::string& device);

}  // namespace portcullis
