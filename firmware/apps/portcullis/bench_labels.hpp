#pragma once
// The labels that `portcullis bench accuracy` measures against: a CSV file, one row a plate, one row with
// empty corners for a picture without plates. Values; pure functions, reentrant.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/geometry.hpp"

namespace portcullis::bench {

inline constexpr std::size_t max_label_file_bytes = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t max_label_fields = 64;  // of one row

enum class Kind { scene, crop, negative };
[[nodiscard]] const char* to_string(Kind kind);

struct LabelledPlate {
    Quad quad;         // pixels
    std::string text;  // as written in the file; empty: not known. Personal data.
};

struct LabelledPicture {
    std::string image;
    std::string source;
    std::string hint;  // split_hint
    Kind kind = Kind::scene;
    std::vector<LabelledPlate> plates;
};

/// The pictures in the order of their first rows. Quoted fields as in RFC 4180, on one line.
/// Errors: configuration, as "FILE:LINE:COLUMN: what; cure". No field's content is in a message: a shifted
/// row would put a plate text there.
[[nodiscard]] Result<std::vector<LabelledPicture>> parse_labels(std::string_view csv,
                                                                const std::string& file);
/// Errors: also those of read_text_file.
[[nodiscard]] Result<std::vector<LabelledPicture>> load_labels(const std::filesystem::path& file);

}  // namespace portcullis::bench
