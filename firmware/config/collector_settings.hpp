#pragma once
// Settings of portcullis-collector. board/host/config/collector.toml explains every key.

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/device_trust_files.hpp"

namespace portcullis {

struct CollectorSettings {
    struct BrokerSection {
        std::string uri;
        std::filesystem::path ca;
        std::filesystem::path certificate;
        std::filesystem::path key;
        std::string share_group;
        std::chrono::hours session_expiry{};
        milliseconds back_off_limit{};
    } broker;
    enum class StoreKind { sqlite, postgresql };
    struct StoreSection {
        StoreKind kind = StoreKind::sqlite;
        std::filesystem::path path;  // SQLite's file
        struct Server {
            std::string host;  // a name, or the folder of its Unix socket
            std::uint16_t port = 0;
            std::string database;
            std::string user;
            std::filesystem::path password_file;  // empty: none
            std::filesystem::path ca;             // needed over the network
            std::filesystem::path certificate;    // empty: none
            std::filesystem::path key;
        } server;  // PostgreSQL's
        std::uint64_t quarantine_items = 0;
        std::uint64_t quarantine_bytes = 0;
        std::uint64_t max_chains = 0;
    } store;
    struct ReceiptsSection {
        std::string key;  // a PEM file, pkcs11:... or tpm:handle:...
        std::filesystem::path certificate;
    } receipts;
    DeviceTrustFiles devices;
    std::filesystem::path recipient_sets;  // folder of the sets that were issued; empty: none
    struct RegistrarSection {
        std::filesystem::path folder;      // empty: requests for keys are ignored
        std::filesystem::path identities;  // empty: of read keys only
    } registrar;
    std::filesystem::path opener_socket;
    std::size_t batch_items = 0;
    milliseconds batch_time{};
    LogLevel log_level = LogLevel::info;

    /// Errors: configuration, one line for each fault: file, line, key and cure.
    [[nodiscard]] static Result<CollectorSettings> load(const std::filesystem::path& file);
};

}  // namespace portcullis
