#pragma once
// Settings of portcullis-forwarder. board/host/config/forwarder.toml explains every key.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace portcullis {

/// Whose words a webhook speaks.
enum class HookShape { portcullis, openalpr, platerecognizer };

struct HookSettings {
    std::string name;
    std::string url;
    std::filesystem::path relay;  // Unix socket behind which the receiver is
    std::filesystem::path ca;
    std::filesystem::path certificate;  // empty: none is shown
    std::filesystem::path key;
    HookShape shape = HookShape::portcullis;
    bool form = false;                           // the JSON as the form field "json"
    std::vector<std::filesystem::path> secrets;  // the newest first
    std::vector<std::string> devices;            // patterns: * and ?
    double min_confidence = 0;
    bool unread = false;
    milliseconds connect_timeout{};
    milliseconds timeout{};
    std::size_t keep = 0;
    std::chrono::seconds retry_for{};
    std::chrono::seconds back_off_limit{};
};

struct ForwarderSettings {
    struct ViewSection {
        std::vector<std::filesystem::path> sockets;  // of one opener, or of those that share a store
        std::string purpose;
        std::string case_number;
        std::uint32_t last = 0;
    } view;
    std::vector<HookSettings> hooks;
    LogLevel log_level = LogLevel::info;

    /// Errors: configuration, one line for each fault: file, line, key and cure.
    [[nodiscard]] static Result<ForwarderSettings> load(const std::filesystem::path& file);
};

}  // namespace portcullis
