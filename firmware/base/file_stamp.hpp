#pragma once
// FileStamp: tells that a file was replaced or written, for files that are looked at again and again. Two
// looks that differ mean another file or other content; the same within one tick of the file system's clock
// may hide a write in place, so whoever writes such a file renames a whole one over it (write_file_atomically
// does). Reentrant.

#include <compare>
#include <cstdint>
#include <filesystem>

namespace portcullis {

struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = -1;  // -1: there is no such file
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const FileStamp&) const = default;
};

[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& path);

}  // namespace portcullis
