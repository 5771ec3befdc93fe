#pragma once
// Writes annotated copies of pictures into one folder (replay --annotate). Thread-safe after create.

#include <filesystem>
#include <map>

#include "drivers/camera/replay/picture_list.hpp"
#include "pipeline/still_reader.hpp"

namespace portcullis {

class ReplayAnnotator {
  public:
    /// Makes the folder if need be, and a file name for each picture: its own name, ending in .jpg, numbered
    /// where two are alike. Errors: io.
    [[nodiscard]] static Result<ReplayAnnotator> create(std::filesystem::path folder,
                                                        const std::vector<replay::PictureEntry>& entries);
    [[nodiscard]] Result<void> write(const std::string& name, const FrameView& view,
                                     const StillResult& result) const;

  private:
    ReplayAnnotator(std::filesystem::path folder, std::map<std::string, std::string> files)
        : folder_(std::move(folder)), files_(std::move(files)) {}
    std::filesystem::path folder_;
    std::map<std::string, std::string> files_;  // picture's name -> file name
};

}  // namespace portcullis
