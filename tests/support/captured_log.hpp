#pragma once
// What goes to the error stream while it lives: the log. One at a time.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace portcullis::test {

class CapturedLog {
  public:
    /// file: made anew, and read by text().
    explicit CapturedLog(std::filesystem::path file) : file_(std::move(file)), saved_(::dup(STDERR_FILENO)) {
        std::fflush(nullptr);
        const UniqueFd to(::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
        REQUIRE(::dup2(to.get(), STDERR_FILENO) == STDERR_FILENO);
    }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;
    ~CapturedLog() {
        std::fflush(nullptr);
        ::dup2(saved_.get(), STDERR_FILENO);
    }
    [[nodiscard]] std::string text() const {
        std::fflush(nullptr);
        std::stringstream text;
        text << std::ifstream(file_).rdbuf();
        return text.str();
    }
    [[nodiscard]] int count(std::string_view words) const {
        const std::string all = text();
        int found = 0;
        for (std::size_t at = all.find(words); at != std::string::npos; at = all.find(words, at + 1))
            ++found;
        return found;
    }

  private:
    std::filesystem::path file_;
    UniqueFd saved_;
};

}  // namespace portcullis::test
