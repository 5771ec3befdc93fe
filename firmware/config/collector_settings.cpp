#include "config/collector_settings.hpp"

#include "config/log_level.hpp"

namespace portcullis {

namespace {

constexpr std::int64_t bytes_per_mib = 1024 * 1024;

CollectorSettings::BrokerSection read_broker(SettingsSection section) {
    CollectorSettings::BrokerSection broker;
    broker.uri = section.text("uri");
    section.check(broker.uri.starts_with("mqtts://"), "uri",
                  "write mqtts://HOST:PORT; there is no other way in");
    broker.ca = section.path("ca");
    broker.certificate = section.path("certificate");
    broker.key = section.path("key");
    broker.share_group = section.text("share_group", "");
    section.check(broker.share_group.find_first_of("/+#") == std::string::npos, "share_group",
                  "write a name without '/', '+' and '#', or \"\"");
    broker.session_expiry = std::chrono::hours(section.integer("session_expiry_h", {1, 24 * 30}, 24 * 7));
    broker.back_off_limit = std::chrono::seconds(section.integer("back_off_limit_s", {1, 3600}, 60));
    return broker;
}

CollectorSettings::StoreSection::Server read_server(SettingsSection& section) {
    CollectorSettings::StoreSection::Server server;
    server.host = section.text("host", "/run/postgresql");
    server.port = static_cast<std::uint16_t>(section.integer("port", {1, 65535}, 5432));
    server.database = section.text("database", "portcullis");
    server.user = section.text("user", "portcullis-collector");
    server.password_file = section.path("password_file", "");
    server.ca = section.path("ca", "");
    server.certificate = section.path("certificate", "");
    server.key = section.path("key", "");
    section.check(server.host.starts_with('/') || !server.ca.empty(), "ca",
                  "over the network PostgreSQL is spoken to by TLS alone: name the file of its CA");
    section.check(server.certificate.empty() == server.key.empty(), "key",
                  "certificate and key go together: name both files or none");
    return server;
}

CollectorSettings::StoreSection read_store(SettingsSection section) {
    using Kind = CollectorSettings::StoreKind;
    CollectorSettings::StoreSection store;
    store.kind = section.choice<Kind>("kind", {{"sqlite", Kind::sqlite}, {"postgresql", Kind::postgresql}},
                                      Kind::sqlite);
    if (store.kind == Kind::sqlite)
        store.path = section.path("path");
    else
        store.server = read_server(section);
    store.quarantine_items =
        static_cast<std::uint64_t>(section.integer("quarantine_items", {100, 1'000'000}, 10'000));
    store.quarantine_bytes =
        static_cast<std::uint64_t>(section.integer("quarantine_mib", {16, 64 * 1024}, 256) * bytes_per_mib);
    store.max_chains = static_cast<std::uint64_t>(section.integer("max_chains", {1, 10'000'000}, 100'000));
    return store;
}

}  // namespace

Result<CollectorSettings> CollectorSettings::load(const std::filesystem::path& file) {
    SettingsReader in = TRY(SettingsReader::open(file));
    CollectorSettings settings;
    SettingsSection broker = in.section("broker");
    settings.broker = read_broker(broker);
    settings.store = read_store(in.section("store"));
    broker.check(settings.broker.share_group.empty() ||
                     settings.store.kind == CollectorSettings::StoreKind::postgresql,
                 "share_group", "several collectors share a store in PostgreSQL alone: [store] kind");
    SettingsSection receipts = in.section("receipts");
    settings.receipts = {receipts.key_source("key"), receipts.path("certificate")};
    settings.devices = read_device_trust_files(in);
    settings.recipient_sets = in.section("recipients").path("sets", "");
    SettingsSection registrar = in.section("registrar");
    settings.registrar = {registrar.path("folder", ""), registrar.path("identities", "")};
    settings.opener_socket = in.section("opener").path("socket", "/run/portcullis/ingest.sock");
    SettingsSection ingest = in.section("ingest");
    settings.batch_items = static_cast<std::size_t>(ingest.integer("batch_items", {1, 256}, 64));
    settings.batch_time = milliseconds(ingest.integer("batch_ms", {0, 1000}, 5));
    settings.log_level = read_log_level(in.section("log"), "level");
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
