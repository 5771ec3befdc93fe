#include "config/opener_settings.hpp"

#include <algorithm>

#include "config/log_level.hpp"
#include "core/recipient_keys.hpp"

namespace portcullis {

namespace {

std::vector<OpenerSettings::Recipient> read_recipients(SettingsSection section, bool may_be_empty) {
    const auto none = may_be_empty ? std::optional(std::vector<std::string>()) : std::nullopt;
    const auto keys = section.paths("keys", none);
    const auto certificates = section.paths("certificates", none);
    section.check((may_be_empty || !keys.empty()) && keys.size() <= max_recipient_keys, "keys",
                  fmt::format("name 1 to {} key files", max_recipient_keys));
    section.check(keys.size() == certificates.size(), "certificates",
                  "name one certificate for each key, in the same order");
    std::vector<OpenerSettings::Recipient> recipients;
    for (std::size_t i = 0; i < std::min(keys.size(), certificates.size()); ++i)
        recipients.push_back({keys[i], certificates[i]});
    return recipients;
}

OpenerSettings::SocketsSection read_sockets(SettingsSection section) {
    OpenerSettings::SocketsSection sockets;
    sockets.ingest = section.path("ingest", "/run/portcullis/ingest.sock");
    sockets.ingest_group = section.text("ingest_group", "");
    sockets.collector_user = section.text("collector_user", "");
    sockets.views = section.path("views", "/run/portcullis/view.sock");
    sockets.view_group = section.text("view_group", "");
    section.check(sockets.ingest != sockets.views, "views", "write another path than that of ingest");
    return sockets;
}

OpenerSettings::AccessSection read_access(SettingsSection section) {
    return {section.text("fleet"), section.path("policy"), section.path("policy_chain"),
            section.path("policy_signers")};
}

OpenerSettings::HotlistSection read_hotlist(SettingsSection section) {
    OpenerSettings::HotlistSection hotlist;
    hotlist.list = section.path("list", "");
    const bool none = hotlist.list.empty();
    const auto file = [&](std::string_view key) { return none ? section.path(key, "") : section.path(key); };
    hotlist.policy_chain = file("policy_chain");
    hotlist.signers = file("signers");
    hotlist.hits = section.path("hits", "/var/lib/portcullis/opener/hits.db");
    return hotlist;
}

OpenerSettings::LimitsSection read_limits(SettingsSection section) {
    const auto limit = [&section](std::string_view key, std::int64_t usual) {
        constexpr std::int64_t most = 1'000'000'000;
        return static_cast<std::uint64_t>(section.integer(key, {1, most}, usual));
    };
    OpenerSettings::LimitsSection limits;
    limits.searches_an_hour = limit("searches_an_hour", 60);
    limits.searches_a_day = limit("searches_a_day", 300);
    limits.looks_an_hour = limit("looks_an_hour", 5'000);
    limits.looks_a_day = limit("looks_a_day", 20'000);
    limits.site_looks_an_hour = limit("site_looks_an_hour", 20'000);
    limits.site_looks_a_day = limit("site_looks_a_day", 100'000);
    return limits;
}

OpenerSettings::CasesSection read_cases(SettingsSection section) {
    OpenerSettings::CasesSection cases;
    const auto limit = [&section](std::string_view key, std::int64_t usual) {
        constexpr std::int64_t most = 1'000'000;
        return static_cast<std::uint64_t>(section.integer(key, {1, most}, usual));
    };
    cases.files_a_day = limit("files_a_day", 5);
    cases.reads_a_day = limit("reads_a_day", 500);
    cases.site_reads_a_day = limit("site_reads_a_day", 1000);
    cases.key = section.path("key", "");
    const bool none = cases.key.empty();
    const auto file = [&](std::string_view key) { return none ? section.path(key, "") : section.path(key); };
    cases.certificate = file("certificate");
    cases.signing_key = file("signing_key");
    cases.signing_certificate = file("signing_certificate");
    cases.people_chain = file("people_chain");
    cases.people = file("people");
    return cases;
}

OpenerSettings::RetentionSection read_retention(SettingsSection section, bool has_store) {
    OpenerSettings::RetentionSection retention;
    retention.schedule = section.path("schedule", "");
    if (!retention.schedule.empty() || section.has("key")) retention.key = section.key_source("key");
    if (!retention.schedule.empty() || section.has("certificate"))
        retention.certificate = section.path("certificate");
    section.check(!retention.key.starts_with("tpm:"), "key", "write a file or pkcs11:...");
    section.check(retention.schedule.empty() || has_store, "schedule",
                  "name the key store whose keys are to be destroyed (key_store.file)");
    return retention;
}

OpenerSettings::HoldsSection read_holds(SettingsSection section, const OpenerSettings& others) {
    OpenerSettings::HoldsSection holds;
    holds.folder = section.path("folder", "");
    const bool none = holds.folder.empty();
    holds.store = none ? section.path("store", "") : section.path("store");
    holds.kek = none ? section.path("kek", "") : section.path("kek");
    holds.token = section.text("token", "");
    section.check(holds.token.empty() || holds.token.starts_with("pkcs11:"), "token",
                  "write pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE, or \"\"");
    section.check(none || holds.store != others.key_store.file, "store",
                  "name another file than key_store.file: a hold's key does not go with an epoch");
    section.check(none || (!others.retention.key.empty() && !others.retention.certificate.empty()), "folder",
                  "name who signs the records: retention.key and retention.certificate");
    return holds;
}

}  // namespace

Result<OpenerSettings> OpenerSettings::load(const std::filesystem::path& file) {
    SettingsReader in = TRY(SettingsReader::open(file));
    OpenerSettings settings;
    settings.sockets = read_sockets(in.section("sockets"));
    SettingsSection store = in.section("key_store");
    settings.key_store.file = store.path("file", "");
    if (!settings.key_store.file.empty() || store.has("kek")) settings.key_store.kek = store.path("kek");
    settings.key_store.token = store.text("token", "");
    store.check(settings.key_store.token.empty() || settings.key_store.token.starts_with("pkcs11:"), "token",
                "write pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE, or \"\"");
    settings.recipients = read_recipients(in.section("recipients"), !settings.key_store.file.empty());
    settings.devices = read_device_trust_files(in);
    settings.access = read_access(in.section("access"));
    settings.audit_log = in.section("audit").path("log", "/var/lib/portcullis/opener/audit.db");
    SettingsSection search = in.section("search");
    settings.search.index = search.path("index", "");
    settings.search.auditor = search.path("auditor", "");
    search.check(settings.search.auditor.empty() || !settings.search.index.empty(), "index",
                 "name the index that is to be searched");
    settings.hotlist = read_hotlist(in.section("hotlist"));
    settings.limits = read_limits(in.section("limits"));
    settings.cases = read_cases(in.section("cases"));
    settings.retention = read_retention(in.section("retention"), !settings.key_store.file.empty());
    settings.holds = read_holds(in.section("holds"), settings);
    settings.keep_views = static_cast<std::size_t>(in.section("views").integer("keep", {0, 1000}, 100));
    settings.log_level = read_log_level(in.section("log"), "level");
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
