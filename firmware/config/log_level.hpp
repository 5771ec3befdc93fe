#pragma once
// The key that every daemon has. Thread-bound as its section.

#include <string_view>

#include "base/log.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

/// "error", "warning", "info" (when left out) or "debug".
[[nodiscard]] inline LogLevel read_log_level(SettingsSection section, std::string_view key) {
    return section.choice<LogLevel>(key,
                                    {{"error", LogLevel::error},
                                     {"warning", LogLevel::warning},
                                     {"info", LogLevel::info},
                                     {"debug", LogLevel::debug}},
                                    LogLevel::info);
}

}  // namespace portcullis
