#pragma once
// Settings of portcullis-api. board/host/config/api.toml explains every key.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace portcullis {

inline constexpr std::size_t max_api_openers = 16;

struct ApiSettings {
    struct SocketSection {
        std::filesystem::path path;
        std::string group;  // of the relay; empty: only this user
    } socket;
    struct TlsSection {
        std::filesystem::path certificate;
        std::filesystem::path key;
        std::filesystem::path people_ca;
        std::filesystem::path revocations;  // empty: none
    } tls;
    struct AccessSection {
        std::string fleet;
        std::filesystem::path policy;
        std::filesystem::path policy_chain;
        std::filesystem::path policy_signers;
    } access;
    std::vector<std::filesystem::path> openers;  // their view sockets
    std::filesystem::path store;                 // a SQLite file, or the settings of a collector (*.toml)
    struct LimitsSection {
        std::size_t connections = 0;
        std::size_t per_account = 0;
        std::size_t threads = 0;
        std::chrono::seconds sign_in_time{};
        std::chrono::seconds request_time{};
    } limits;
    LogLevel log_level = LogLevel::info;

    /// Errors: configuration, one line for each fault: file, line, key and cure.
    [[nodiscard]] static Result<ApiSettings> load(const std::filesystem::path& file);
};

}  // namespace portcullis
