#include "apps/portcullis/replay_annotate.hpp"

#include <algorithm>
#include <set>

#include "apps/portcullis/replay_output.hpp"
#include "base/file.hpp"
#include "vision/annotate.hpp"

namespace portcullis {

namespace {

constexpr float sure = 0.8F;  // from here on a quad is drawn green
constexpr int jpeg_quality = 90;

/// A relative name keeps its folders, as letters; any other is cut to its last part.
std::string flat_name(const std::string& name) {
    const std::filesystem::path path(name);
    std::string flat =
        path.is_absolute() || name.find("..") != std::string::npos ? path.filename().string() : name;
    std::ranges::replace(flat, '/', '_');
    return std::filesystem::path(flat).replace_extension().string();
}

}  // namespace

Result<ReplayAnnotator> ReplayAnnotator::create(std::filesystem::path folder,
                                                const std::vector<replay::PictureEntry>& entries) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorCode::io, "cannot make folder {}: {}", folder.string(), error.message());
    std::set<std::string> taken;
    std::map<std::string, std::string> files;
    for (const replay::PictureEntry& entry : entries) {
        const std::string stem = flat_name(entry.name);
        std::string file = stem + ".jpg";
        for (int number = 2; !taken.insert(file).second; ++number)
            file = fmt::format("{}-{}.jpg", stem, number);
        files.emplace(entry.name, file);
    }
    return ReplayAnnotator(std::move(folder), std::move(files));
}

Result<void> ReplayAnnotator::write(const std::string& name, const FrameView& view,
                                    const StillResult& result) const {
    std::vector<Annotation> annotations;
    for (const StillRead& read : result.reads)
        annotations.push_back({read.quad, readable(read.read), read.read.confidence >= sure});
    const Bytes jpeg = TRY(annotate(view, annotations, {jpeg_quality, 0}));
    return write_file_atomically(folder_ / files_.at(name), jpeg);
}

}  // namespace portcullis
