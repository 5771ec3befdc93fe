#include "base/log.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

namespace portcullis {

namespace {

constexpr std::size_t max_line_bytes = 4096;  // longer messages are cut: a log is not a data channel
std::atomic<LogLevel> current_level{LogLevel::info};

}  // namespace

void set_log_level(LogLevel level) {
    current_level.store(level, std::memory_order_relaxed);
}
LogLevel log_level() {
    return current_level.load(std::memory_order_relaxed);
}

void log_line(LogLevel level, std::string_view room, std::string_view message) {
    // A terminal gets no journald prefix.
    static const bool terminal = ::isatty(STDERR_FILENO) == 1;
    std::string line = terminal ? std::string() : fmt::format("<{}>", static_cast<int>(level));
    line += room;
    line += ": ";
    for (char letter : message.substr(0, max_line_bytes)) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f)
            line += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
        else
            line += letter;
    }
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace portcullis
