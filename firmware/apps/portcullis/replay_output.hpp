#pragma once
// The JSON lines of `portcullis replay`: a contract, told in `portcullis replay --help`. Pure functions,
// reentrant; ReplayOutput is thread-bound.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "core/capture_record.hpp"
#include "pipeline/still_reader.hpp"

namespace portcullis {

/// {"image": ..., "reads": [...], "ms": 12.3}
[[nodiscard]] std::string still_line(const std::string& image, const StillResult& result);
/// {"image": ..., "reads": [], "error": "..."}
[[nodiscard]] std::string broken_line(const std::string& image, const std::string& error);
/// {"film": ..., "passage": 1, "text": ...}
[[nodiscard]] std::string passage_line(const std::string& film, const CaptureRecord& record);

/// For people: "AB123 (0.97)", "(unread)".
[[nodiscard]] std::string readable(const Read& read);

/// Where the lines go: a file, stdout ("-"), or nowhere.
class ReplayOutput {
  public:
    /// Errors: io (names the file). An empty path writes nowhere.
    [[nodiscard]] static Result<ReplayOutput> create(const std::string& path);

    [[nodiscard]] Result<void> write(const std::string& line);
    /// Flushes and closes; a full disk is told here at the latest.
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] bool active() const { return file_ != nullptr; }

  private:
    struct Close {
        void operator()(std::FILE* file) const {
            if (file != stdout) static_cast<void>(std::fclose(file));
        }
    };
    ReplayOutput(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace portcullis
