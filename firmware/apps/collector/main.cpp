// portcullis-collector: the composition root of the process that has the network and no key that opens
// anything.
#include <filesystem>
#include <iostream>

#include "apps/common/daemon_main.hpp"
#include "apps/common/honour_revocations.hpp"
#include "apps/common/signing_key.hpp"
#include "apps/common/store_source.hpp"
#include "base/log.hpp"
#include "collector/ingest/collector_service.hpp"
#include "config/collector_settings.hpp"
#include "drivers/broker/paho/paho_broker.hpp"
#include "health/service.hpp"
#include "seal/self_test.hpp"

using namespace portcullis;

namespace {

constexpr milliseconds watchdog_patience{60'000};
/// Topic, properties and MQTT's own bytes around a blob.
constexpr std::uint32_t packet_overhead_bytes = 64 * 1024;

constexpr auto description =
    "Takes sealed items from the broker, checks their place in the chain, stores them as they came, and "
    "signs the "
    "receipts that release the devices' spools. Holds no key that opens anything: verdicts come from "
    "portcullis-opener over a Unix socket; without it items are stored and wait.";
constexpr auto footer =
    "Files:    the settings (--config) name the broker, the store (SQLite or PostgreSQL), keys and "
    "certificates;\n"
    "          a commented example is installed as share/portcullis/examples/collector.toml\n"
    "Signals:  SIGTERM, SIGINT stop cleanly; SIGHUP reads the devices' certificates and recipient sets "
    "again;\n"
    "          a replaced deny list or CRL is honoured at once, without a signal\n"
    "Exit:     0 done, 1 failed, 2 wrong usage or configuration (with file, line, key and cure), 3 hung";

Result<TrustStore> load_trust(const DeviceTrustFiles& files) {
    TrustSettings trust;
    trust.ca_chain = files.ca_chain;
    trust.signers = files.signers;
    trust.revocations = files.revocations;
    trust.deny_list = files.deny_list;
    TrustStore devices = TRY(TrustStore::create(trust));
    log_info("collector", "known_signers={}", devices.size());
    return devices;
}

PahoSettings broker_settings(const CollectorSettings::BrokerSection& section) {
    PahoSettings broker;
    broker.uri = section.uri;
    broker.ca = section.ca;
    broker.certificate = section.certificate;
    broker.key = section.key;
    // What the broker keeps for a worker that is away, the others would not get.
    broker.session_expiry = section.share_group.empty() ? section.session_expiry : std::chrono::hours(0);
    broker.back_off_limit = section.back_off_limit;
    broker.max_incoming_bytes = max_blob_bytes + packet_overhead_bytes;
    return broker;
}

/// Of several: the name in its certificate, by which the broker knows it.
Result<std::string> worker_name(const CollectorSettings::BrokerSection& section) {
    const X509Ptr certificate = TRY(load_certificate(section.certificate));
    return common_name(certificate.get());
}

/// The recipient sets that were issued.
Result<void> take_up_sets(const CollectorSettings& settings, Ingest& ingest) {
    if (settings.recipient_sets.empty()) return {};
    std::set<Digest> sets = TRY(load_known_sets(settings.recipient_sets));
    log_info("collector", "recipient_sets={}", sets.size());
    ingest.know_sets(std::move(sets));
    return {};
}

/// The registrar's folder, if renewals are handed on; whose identities they may be of.
Result<std::optional<RegistrarDesk>> open_registrar(const CollectorSettings& settings) {
    if (settings.registrar.folder.empty()) return std::optional<RegistrarDesk>();
    std::optional<TrustStore> identities;
    if (!settings.registrar.identities.empty()) {
        TrustSettings trust;
        trust.ca_chain = settings.devices.ca_chain;
        trust.signers = settings.registrar.identities;
        trust.use = CertificateUse::identify;
        trust.revocations = settings.devices.revocations;
        trust.deny_list = settings.devices.deny_list;
        identities = TRY(TrustStore::create(trust));
    }
    return std::optional<RegistrarDesk>(std::in_place, settings.registrar.folder, std::move(identities));
}

/// On SIGHUP, between two turns.
void reload_trust(const CollectorSettings& settings, Ingest& ingest) {
    auto devices = load_trust(settings.devices);
    if (devices)
        ingest.replace_trust(std::move(*devices));
    else
        log_error("collector", "{}; going on with the old certificates", devices.error().message());
}

Result<void> run(const std::filesystem::path& file, bool check_only) {
    const CollectorSettings settings = TRY(CollectorSettings::load(file));
    set_log_level(settings.log_level);
    TRY(envelope_self_test());
    const SystemClock clock;
    TrustStore devices = TRY(load_trust(settings.devices));
    const auto receipt_key = TRY(open_signing_key(settings.receipts.key, settings.receipts.certificate,
                                                  CertificateUse::sign_receipts));
    TRY(check_dates(receipt_key->certificate(), clock.utc(), settings.receipts.certificate.string()));
    const auto broker = TRY(PahoBroker::create(broker_settings(settings.broker)));
    if (check_only) {
        if (const auto doubts = broker->date_doubts(clock.utc()); !doubts.empty())
            return fail(ErrorCode::configuration, "{}", fmt::join(doubts, "\n"));
        std::cout << "portcullis-collector: " << file.string() << " is good\n";
        return {};
    }
    StopSignal stop = TRY(StopSignal::create());
    Store store = TRY(open_store(settings.store, clock, stop.token()));
    IngestLimits limits;
    limits.chains = settings.store.max_chains;
    Ingest ingest(std::move(store), std::move(devices), *receipt_key, clock, limits);
    if (!settings.broker.share_group.empty()) {
        const std::string worker = TRY(worker_name(settings.broker));
        TRY(ingest.share_work(worker));
    }
    std::optional<RegistrarDesk> registrar = TRY(open_registrar(settings));
    OpenerClientSettings client;
    client.socket = settings.opener_socket;
    OpenerClient opener(client);
    Heartbeat heartbeat(clock, "ingest", watchdog_patience);
    const Watchdog watchdog(clock, {&heartbeat});
    CollectorService service(ingest, opener, *broker, heartbeat,
                             {settings.batch_items, settings.batch_time, settings.broker.share_group});
    if (registrar) {
        ingest.hand_requests_to(*registrar);
        service.publish_answers_of(*registrar);
    }
    TRY(take_up_sets(settings, ingest));
    TRY(broker->start(service.handlers()));
    TRY(service.subscribe());
    notify_ready("waiting for devices");
    std::uint64_t hangups = stop.hangups();
    service.run(stop.token(), [&] {
        const std::uint64_t now = stop.hangups();
        if (std::exchange(hangups, now) != now) {
            reload_trust(settings, ingest);
            if (auto fresh = open_registrar(settings); fresh && *fresh && registrar)
                registrar->replace_identities(std::move(**fresh));
            if (const auto taken = take_up_sets(settings, ingest); !taken)
                log_error("collector", "{}; going on with the sets before", taken.error().message());
        }
        honour_revocations("collector", ingest.refresh_trust());
    });
    notify_stopping();
    broker->stop();
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    return daemon_main(
        argc, argv,
        {"portcullis-collector", "collector", description, footer, "/etc/portcullis/collector.toml"}, run);
}
