#pragma once
// Settings of portcullis-opener. board/host/config/opener.toml explains every key.

#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/device_trust_files.hpp"

namespace portcullis {

struct OpenerSettings {
    struct SocketsSection {
        std::filesystem::path ingest;
        std::string ingest_group;    // empty: only this user
        std::string collector_user;  // name or number; empty: the user that the opener runs as
        std::filesystem::path views;
        std::string view_group;  // empty: only this user
    } sockets;
    struct Recipient {
        std::filesystem::path key;
        std::filesystem::path certificate;
    };
    std::vector<Recipient> recipients;
    struct KeyStoreSection {
        std::filesystem::path file;  // empty: the recipients' keys lie in files
        std::filesystem::path kek;
        std::string token;  // of keys that live in one: pkcs11:token=LABEL?module-path=...; empty: none
    } key_store;
    DeviceTrustFiles devices;
    struct AccessSection {
        std::string fleet;
        std::filesystem::path policy;  // who may see what, signed by the policy key
        std::filesystem::path policy_chain;
        std::filesystem::path policy_signers;
    } access;
    std::filesystem::path audit_log;  // every look is entered there first
    struct SearchSection {
        std::filesystem::path index;    // the plate index; empty: none is kept
        std::filesystem::path auditor;  // certificate to which questions are sealed; empty: nothing is asked
    } search;
    struct HotlistSection {
        std::filesystem::path list;  // which plates are wanted, signed and sealed; empty: none
        std::filesystem::path policy_chain;
        std::filesystem::path signers;  // who signs hotlists
        std::filesystem::path hits;     // what was found, sealed
    } hotlist;
    /// More raises an alarm and is refused; counted from the audit log.
    struct LimitsSection {
        std::uint64_t searches_an_hour = 0;  // of one person
        std::uint64_t searches_a_day = 0;
        std::uint64_t looks_an_hour = 0;  // the same: reads shown to him
        std::uint64_t looks_a_day = 0;
        std::uint64_t site_looks_an_hour = 0;  // of one site, to everybody
        std::uint64_t site_looks_a_day = 0;
    } limits;
    struct CasesSection {
        std::filesystem::path key;  // opens requests; empty: no case file is made
        std::filesystem::path certificate;
        std::filesystem::path signing_key;  // signs manifests
        std::filesystem::path signing_certificate;
        std::filesystem::path people_chain;  // CA of the people's certificates, and its root
        std::filesystem::path people;        // folder of them; the common name is the account
        std::uint64_t files_a_day = 0;       // of one person
        std::uint64_t reads_a_day = 0;       // the same
        std::uint64_t site_reads_a_day = 0;
    } cases;
    struct RetentionSection {
        std::filesystem::path schedule;  // how long keys are kept, signed by the policy key; empty: by hand
        std::string key;                 // signs records of destructions: a file or pkcs11:...
        std::filesystem::path certificate;
    } retention;
    /// Legal holds: reads that are kept beyond the end of their epoch.
    struct HoldsSection {
        std::filesystem::path folder;  // empty: nothing is held
        std::filesystem::path store;   // key store of the holds' keys: not the epochs'
        std::filesystem::path kek;
        std::string token;
    } holds;
    std::size_t keep_views = 0;
    LogLevel log_level = LogLevel::info;

    /// Errors: configuration, one line for each fault: file, line, key and cure.
    [[nodiscard]] static Result<OpenerSettings> load(const std::filesystem::path& file);
};

}  // namespace portcullis
