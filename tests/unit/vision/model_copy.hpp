#pragma once
// A copy of a shipped model folder that a test may damage; removed at the end.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace portcullis {

class ModelCopy {
  public:
    explicit ModelCopy(const std::string& model) {
        std::string pattern = (std::filesystem::temp_directory_path() / "portcullis-model-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
        for (const auto& entry :
             std::filesystem::directory_iterator(PORTCULLIS_SOURCE_DIR "/models/" + model)) {
            std::filesystem::copy_file(entry.path(), folder_ / entry.path().filename());
            const auto extension = entry.path().extension();
            if (extension != ".toml" && extension != ".md") weights_ = folder_ / entry.path().filename();
        }
    }
    ModelCopy(const ModelCopy&) = delete;
    ModelCopy& operator=(const ModelCopy&) = delete;
    ModelCopy(ModelCopy&&) = delete;
    ModelCopy& operator=(ModelCopy&&) = delete;
    ~ModelCopy() { std::filesystem::remove_all(folder_); }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] const std::filesystem::path& weights() const { return weights_; }
    [[nodiscard]] std::filesystem::path card() const { return folder_ / "model.toml"; }

  private:
    std::filesystem::path folder_;
    std::filesystem::path weights_;
};

}  // namespace portcullis
