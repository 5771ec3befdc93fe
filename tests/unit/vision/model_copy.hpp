#pragma once
// A copy of a shipped model folder that a test may damage; removed at the end.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

class ModelCopy {
  public:
    explicit ModelCopy(const std::string& model) {
        const std::filesystem::path shipped = PORTCULLIS_SOURCE_DIR "/models/" + model;
        for (const auto& entry : std::filesystem::directory_iterator(shipped)) {
            const std::filesystem::path name = entry.path().filename();
            std::filesystem::copy_file(entry.path(), folder() / name);
            if (name.extension() != ".toml" && name.extension() != ".md") weights_ = folder() / name;
        }
    }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] const std::filesystem::path& weights() const { return weights_; }
    [[nodiscard]] std::filesystem::path card() const { return folder() / "model.toml"; }

    /// Replaces the first `from` in model.toml.
    void edit(const std::string& from, const std::string& to) const {
        std::string text = *read_text_file(card(), 1U << 20U);
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        REQUIRE(write_file_atomically(card(), as_bytes(text.replace(at, from.size(), to))));
    }

  private:
    TempDir folder_;
    std::filesystem::path weights_;
};

}  // namespace portcullis::test
