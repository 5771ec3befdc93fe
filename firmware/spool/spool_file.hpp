#pragma once
// The spool's file: opening it as owner (made, checked, a corrupt one set aside) or as guest, and the door
// between them. For the sources of this room only.
//
// The file is the owner's alone; a guest of the same group opens it read-only. Reading takes locks in the
// -shm file, which a guest may hold as long as he likes: so the owner takes a new -shm at each opening, and
// can shut the door: a new -shm, and modes that let no guest in.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "database/database.hpp"

namespace portcullis {

/// More corrupt files than this beside a spool mean a dying disk: opening is refused. So it is with more
/// files that were rolled back.
inline constexpr int max_broken_files = 16;

/// A larger file is read whole at opening only when it is suspect: 1.6 GB took 11 s from a cold disk. Its
/// rows are checked in any case.
inline constexpr std::uintmax_t full_check_bytes = std::uintmax_t{256} << 20;

/// Marks a file in which damage was seen, so that the owner's next opening reads all of it.
void mark_suspect(const std::filesystem::path& path);

/// Which file stands under a name.
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t file = 0;  // 0: none
    [[nodiscard]] bool operator==(const FileId&) const = default;
};
/// Of the -shm file: a guest whose -shm was replaced reads without locks, what it read counts for nothing.
[[nodiscard]] FileId shared_memory_of(const std::filesystem::path& path);

enum class Door { open, shut };
/// Who may read the file's three parts: the owner's group, or the owner alone.
void set_door(const std::filesystem::path& path, Door door);
/// The file opened anew behind a shut door, its -wal worked off. All connections to it in this process must
/// be closed.
[[nodiscard]] Result<Database> open_behind_shut_door(const std::filesystem::path& path,
                                                     milliseconds patience);

struct SpoolFile {
    Database database;
    UniqueFd owner_lock;   // empty for a guest, and from open_owned_file
    FileId shared_memory;  // of a guest
    std::optional<std::filesystem::path> set_aside;
};

/// Called before a corrupt file is set aside.
using BeforeAside = std::function<void()>;

/// Holds the file against a second reader. Errors as Spool::open.
[[nodiscard]] Result<UniqueFd> lock_spool(const std::filesystem::path& path);
/// For an owner that holds the lock and has closed the file.
[[nodiscard]] Result<SpoolFile> open_owned_file(const std::filesystem::path& path, const std::string& device,
                                                milliseconds patience, const BeforeAside& before_aside);
/// Closes a sound file that is not the one that it should be, sets it aside as <name>.rolled-back-<n> and
/// makes a new one.
[[nodiscard]] Result<SpoolFile> replace_rolled_back(SpoolFile file, const std::filesystem::path& path,
                                                    const std::string& device, milliseconds patience);
/// Errors as Spool::attach.
[[nodiscard]] Result<SpoolFile> attach_spool_file(const std::filesystem::path& path,
                                                  const std::string& device);

}  // namespace portcullis
