#pragma once
// Which pictures a PATH argument means: a folder, one picture, or @FILE with one path a line. Reentrant.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace portcullis::replay {

inline constexpr std::size_t max_pictures = 1'000'000;  // one run; split the folder beyond
inline constexpr std::size_t max_list_file_bytes = std::size_t{256} * 1024 * 1024;

struct PictureEntry {
    std::filesystem::path path;
    std::string name;  // inside the folder argument; as written where the picture was named itself
};

/// A folder's .jpg, .jpeg and .png files in natural order (2.jpg before 10.jpg), with its subfolders when
/// `recurse`; hidden files are passed over. A list's empty lines and lines that begin with '#' are passed
/// over; a relative line is looked up from the current folder, then from the list's own.
/// Errors: not_found (no such path, no pictures in it: names both), exhausted (max_pictures), io.
[[nodiscard]] Result<std::vector<PictureEntry>> list_pictures(const std::string& argument,
                                                              bool recurse = false);

/// True for .jpg, .jpeg and .png, in any case.
[[nodiscard]] bool has_picture_name(const std::filesystem::path& path);

/// True when a comes before b and runs of digits count as numbers.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace portcullis::replay
