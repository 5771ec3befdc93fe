#pragma once
// A progress bar on stderr, and only where that is a terminal. Thread-safe.

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace portcullis {

class ReplayProgress {
  public:
    /// total 0: unknown; then only the count is shown.
    ReplayProgress(std::size_t total, std::string unit);
    ~ReplayProgress();
    ReplayProgress(const ReplayProgress&) = delete;
    ReplayProgress& operator=(const ReplayProgress&) = delete;

    void show(std::size_t done);
    /// Prints a line to stderr without tearing the bar.
    void tell(std::string_view line);

  private:
    void clear();
    const std::size_t total_;
    const std::string unit_;
    const bool terminal_;
    std::mutex mutex_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace portcullis
