#include "drivers/camera/libcamera/log_lines.hpp"

#include <libcamera/logging.h>

#include <ostream>

#include "base/log.hpp"

namespace portcullis::libcamera_driver {

std::streamsize LogLines::xsputn(const char* text, std::streamsize count) {
    take({text, static_cast<std::size_t>(count)});
    return count;
}

LogLines::int_type LogLines::overflow(int_type letter) {
    const char one = traits_type::to_char_type(letter);
    if (!traits_type::eq_int_type(letter, traits_type::eof())) take({&one, 1});
    return traits_type::not_eof(letter);
}

void LogLines::take(std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (const char letter : text) {
        if (letter == '\n') {
            tell(line_);
            line_.clear();
        } else if (line_.size() < max_log_line_bytes) {
            line_ += letter;
        }
    }
}

void LogLines::tell(const std::string& line) {
    const bool error = line.find(" ERROR ") != std::string::npos || line.find(" FATAL ") != std::string::npos;
    log(error ? LogLevel::warning : LogLevel::debug, "camera", "libcamera: {}", line);
}

void take_over_log() {
    // Lives as long as libcamera's threads may log.
    static LogLines lines;
    static std::ostream stream(&lines);
    libcamera::logSetStream(&stream);
}

}  // namespace portcullis::libcamera_driver
