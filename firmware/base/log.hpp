#pragma once
// Logging: one line an event, key=value, journald levels by consequence, to stderr with the "<n>" prefix that
// journald reads. error: we failed a duty; warning: outside the plan; info: the golden path; debug: off by
// default. Never plate text, pictures or keys; nothing per frame. Thread-safe.

#include <fmt/format.h>

#include <string_view>

namespace portcullis {

enum class LogLevel { error = 3, warning = 4, info = 6, debug = 7 };

/// Lines less important than `level` are not written. Set once by main.
void set_log_level(LogLevel level);
[[nodiscard]] LogLevel log_level();

/// Writes "<6>room: message\n" as one write(2); control characters in the message are escaped.
void log_line(LogLevel level, std::string_view room, std::string_view message);

template <class... Args>
void log(LogLevel level, std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (level <= log_level()) log_line(level, room, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_error(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::error, room, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::warning, room, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::info, room, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_debug(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::debug, room, format, std::forward<Args>(args)...);
}

}  // namespace portcullis
