// portcullis-uplink: the composition root of the process that has the network and sees no plates.
#include <filesystem>
#include <iostream>

#include "apps/common/daemon_main.hpp"
#include "apps/common/honour_revocations.hpp"
#include "base/log.hpp"
#include "config/uplink_settings.hpp"
#include "drivers/broker/paho/paho_broker.hpp"
#include "drivers/keys/tpm/tss2_file.hpp"
#include "health/service.hpp"
#include "seal/self_test.hpp"
#include "uplink/home_assistant.hpp"
#include "uplink/uplink_service.hpp"

using namespace portcullis;

namespace {

constexpr milliseconds watchdog_patience{30'000};
/// Besides the window: the status, the farewell.
constexpr std::size_t other_publishes = 4;

constexpr auto description =
    "Carries sealed records from the spool to the MQTT broker and the collector's signed receipts back to "
    "the "
    "reader's inbox. It only reads the spool: what the broker merely accepted is kept and sent again, until "
    "the reader releases it for a receipt. It sees sealed bytes only, and holds no key that opens or signs a "
    "record.";
constexpr auto footer =
    "Files:    the settings (--config) name the spool (made by portcullis-reader; waited for), the inbox, "
    "the "
    "broker,\n"
    "          the TLS client key and whose receipts count; a commented example is installed as\n"
    "          share/portcullis/examples/uplink.toml\n"
    "Signals:  SIGTERM, SIGINT stop cleanly; SIGHUP reads the receipt certificates again;\n"
    "          a replaced deny list or CRL is honoured at once, without a signal\n"
    "Exit:     0 done, 1 failed, 2 wrong usage or configuration (with file, line, key and cure), 3 hung";

PahoSettings broker_settings(const UplinkFileSettings& settings) {
    PahoSettings broker;
    broker.uri = settings.broker.uri;
    broker.ca = settings.broker.ca;
    broker.certificate = settings.broker.certificate;
    broker.key = settings.broker.key;
    broker.keep_alive = settings.broker.keep_alive;
    broker.session_expiry = settings.broker.session_expiry;
    broker.back_off_limit = settings.broker.back_off_limit;
    broker.max_in_flight = static_cast<std::uint16_t>(settings.window.items + other_publishes);
    return broker;
}

Result<TrustStore> load_trust(const UplinkFileSettings::ReceiptsSection& section) {
    TrustSettings trust;
    trust.ca_chain = section.ca_chain;
    trust.signers = section.signers;
    trust.use = CertificateUse::sign_receipts;
    trust.revocations = section.revocations;
    trust.deny_list = section.deny_list;
    return TrustStore::create(trust);
}

UplinkSettings uplink_settings(const UplinkFileSettings& settings, const std::string& device) {
    return {.device = device,
            .fleet = settings.fleet,
            .window_items = settings.window.items,
            .window_bytes = settings.window.bytes,
            .ahead_items = settings.window.ahead_items,
            .ahead_bytes = settings.window.ahead_bytes,
            .resend_after = settings.window.resend_after,
            .status_interval = settings.status_interval,
            .reader_note = settings.reader_note,
            .discovery = settings.home_assistant.discovery
                             ? std::optional(discovery_message(settings.home_assistant.prefix, device,
                                                               PORTCULLIS_VERSION))
                             : std::nullopt};
}

/// Ours, when we ask for its successor ourselves. Before the pair is read: it may end what a power cut broke
/// off.
Result<std::optional<KeyRenewal>> open_renewal(const UplinkFileSettings& settings) {
    if (settings.renewal.after_percent == 0) return std::optional<KeyRenewal>();
    const X509Ptr certificate = TRY(load_certificate(settings.broker.certificate));
    return std::optional(TRY(KeyRenewal::create({.which = DeviceKey::identity,
                                                 .device = common_name(certificate.get()),
                                                 .key = settings.broker.key,
                                                 .certificate = settings.broker.certificate,
                                                 .ca_chain = settings.renewal.ca_chain,
                                                 .due_percent = settings.renewal.after_percent,
                                                 .wrapped = make_tss2_successor})));
}

/// On SIGHUP, between two turns.
void reload_trust(const UplinkFileSettings& settings, Uplink& uplink) {
    auto receipts = load_trust(settings.receipts);
    if (receipts)
        uplink.replace_trust(std::move(*receipts));
    else
        log_error("uplink", "{}; going on with the old certificates", receipts.error().message());
}

/// The certificate's common name is the device's name: the broker's rules go by it, and so does the spool.
Result<std::unique_ptr<PahoBroker>> make_broker(const UplinkFileSettings& settings) {
    PahoSettings broker = broker_settings(settings);
    const std::string device = TRY(PahoBroker::create(broker))
    ->client_id();
    if (!is_device_name(device))
        return fail(ErrorCode::configuration,
                    "{}: its common name '{}' is no device name (1 to {} of a-z, 0-9 and '-')",
                    settings.broker.certificate.string(), device, max_device_name_bytes);
    broker.will = farewell_message(device, "lost");
    return PahoBroker::create(std::move(broker));
}

Result<void> run(const std::filesystem::path& file, bool check_only) {
    const UplinkFileSettings settings = TRY(UplinkFileSettings::load(file));
    set_log_level(settings.log_level);
    TRY(envelope_self_test());  // it parses signed receipts from the network
    const SystemClock clock;
    TrustStore receipts = TRY(load_trust(settings.receipts));
    std::optional<KeyRenewal> identity = TRY(open_renewal(settings));
    const auto broker = TRY(make_broker(settings));
    if (check_only) {
        if (const auto doubts = broker->date_doubts(clock.utc()); !doubts.empty())
            return fail(ErrorCode::configuration, "{}", fmt::join(doubts, "\n"));
        std::cout << "portcullis-uplink: " << file.string() << " is good\n";
        return {};
    }
    StopSignal stop = TRY(StopSignal::create());
    InboxWriter inbox = TRY(InboxWriter::create(settings.inbox));
    Uplink uplink(uplink_settings(settings, broker->client_id()), *broker, std::move(receipts),
                  std::move(inbox), clock);
    RenewalPost post(broker->client_id(), settings.spool.path.parent_path() / read_request_name,
                     std::move(identity), clock);
    uplink.renew_with(post);
    Heartbeat heartbeat(clock, "carry", watchdog_patience);
    const Watchdog watchdog(clock, {&heartbeat});
    UplinkServiceSettings service_settings;
    service_settings.spool = {.path = settings.spool.path, .device = broker->client_id()};
    service_settings.poll_interval = settings.spool.poll;
    UplinkService service(service_settings, uplink, heartbeat);
    TRY(broker->subscribe(uplink.receipt_topic()));
    TRY(broker->subscribe(post.command_topic()));
    for (const auto& [topic, name] : uplink.policy_topics())
        TRY(broker->subscribe(topic));
    TRY(broker->start(uplink.handlers()));
    notify_ready("carrying records of " + broker->client_id());
    std::uint64_t hangups = stop.hangups();
    auto ended = service.run(stop.token(), [&] {
        const std::uint64_t now = stop.hangups();
        if (std::exchange(hangups, now) != now) reload_trust(settings, uplink);
        honour_revocations("uplink", uplink.refresh_trust());
        if (!post.take_reconnect()) return;
        broker->stop();
        if (const auto again = broker->start(uplink.handlers()); !again)
            log_error("uplink", "{}", again.error().message());
    });
    notify_stopping();
    uplink.say_goodbye();
    broker->stop();
    return ended;
}

}  // namespace

int main(int argc, char** argv) {
    return daemon_main(
        argc, argv, {"portcullis-uplink", "uplink", description, footer, "/etc/portcullis/uplink.toml"}, run);
}
