#pragma once
// Settings of portcullis-uplink. board/host/config/uplink.toml explains every key.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace portcullis {

struct UplinkFileSettings {
    struct SpoolSection {
        std::filesystem::path path;
        milliseconds poll{};
    } spool;
    struct BrokerSection {
        std::string uri;
        std::filesystem::path ca;
        std::filesystem::path certificate;
        std::filesystem::path key;
        std::chrono::seconds keep_alive{};
        std::chrono::hours session_expiry{};
        milliseconds back_off_limit{};
    } broker;
    struct WindowSection {
        std::size_t items = 0;
        std::size_t bytes = 0;
        std::size_t ahead_items = 0;
        std::size_t ahead_bytes = 0;
        milliseconds resend_after{};
    } window;
    struct ReceiptsSection {
        std::filesystem::path ca_chain;
        std::filesystem::path signers;
        std::optional<std::filesystem::path> revocations;  // CRL (PEM) of the service CA
        std::optional<std::filesystem::path> deny_list;    // key ids and names, one a line
    } receipts;
    struct RenewalSection {
        int after_percent = 0;  // of the identity's life; 0: it is renewed by hand
        std::filesystem::path ca_chain;
    } renewal;
    std::filesystem::path inbox;
    std::string fleet;  // empty: no recipient sets
    milliseconds status_interval{};
    std::filesystem::path reader_note;
    struct HomeAssistantSection {
        bool discovery = false;
        std::string prefix;
    } home_assistant;
    LogLevel log_level = LogLevel::info;

    /// Errors: configuration, one line for each fault: file, line, key and cure.
    [[nodiscard]] static Result<UplinkFileSettings> load(const std::filesystem::path& file);
};

}  // namespace portcullis
