#pragma once
// A folder that one run of `portcullis bench` works in: only this user may enter it, and it goes with the
// object.

#include <filesystem>
#include <utility>

#include "base/result.hpp"

namespace portcullis::bench {

class BenchFolder {
  public:
    /// Beneath `parent`; empty: beneath the folder for temporary files. Errors: configuration (names the
    /// folder).
    [[nodiscard]] static Result<BenchFolder> create(const std::filesystem::path& parent = {});
    BenchFolder(BenchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    BenchFolder& operator=(BenchFolder&&) = delete;
    ~BenchFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    explicit BenchFolder(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;  // empty when moved from
};

}  // namespace portcullis::bench
