#include "apps/portcullis/replay_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::size_t bar_letters = 32;
constexpr std::chrono::milliseconds redraw_every{100};

std::string bar(std::size_t done, std::size_t total) {
    const std::size_t filled = std::min(done * bar_letters / total, bar_letters);
    return fmt::format("[{:#<{}}{:.<{}}] {}/{}", "", filled, "", bar_letters - filled, done, total);
}

}  // namespace

ReplayProgress::ReplayProgress(std::size_t total, std::string unit)
    : total_(total), unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ReplayProgress::~ReplayProgress() {
    clear();
}

void ReplayProgress::show(std::size_t done) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || now < next_) return;
    next_ = now + redraw_every;
    fmt::print(stderr, "\r{} {}\x1b[K", total_ > 0 ? bar(done, total_) : std::to_string(done), unit_);
    std::fflush(stderr);
    shown_ = true;
}

void ReplayProgress::tell(std::string_view line) {
    const std::lock_guard lock(mutex_);
    clear();
    fmt::print(stderr, "{}\n", line);
}

void ReplayProgress::clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K");
    shown_ = false;
}

}  // namespace portcullis
