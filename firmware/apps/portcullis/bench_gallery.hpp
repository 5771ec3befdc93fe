#pragma once
// The gallery of `portcullis bench accuracy`: contact sheets of what went wrong, worst first, and a page that
// lists it. It holds readable plates: folder and files are for their owner alone.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/portcullis/bench_score.hpp"

namespace portcullis::bench {

inline constexpr std::size_t max_gallery_tiles = 4000;  // the mildest beyond are left out; the page says so

struct GalleryFault {
    std::filesystem::path path;
    std::string image;
    std::string source;
    Kind kind = Kind::scene;
    Cause cause = Cause::missed;
    float confidence = 0;
    std::optional<Quad> label_quad;
    std::string label_text;
    std::optional<Quad> read_quad;
    std::string read_text;
};

/// Makes the folder. Errors: io, invalid_argument (it holds something already: nothing is overwritten).
[[nodiscard]] Result<void> prepare_gallery(const std::filesystem::path& folder);
/// sheet-001.jpg ... and index.html: misreads and false reads by confidence falling, then what was found and
/// not read, then what was missed. Errors: io; a picture that cannot be loaded again leaves an empty tile.
[[nodiscard]] Result<void> write_gallery(const std::filesystem::path& folder,
                                         std::vector<GalleryFault> faults);

/// & < > " and ' as entities.
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace portcullis::bench
