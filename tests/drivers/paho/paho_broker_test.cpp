// The driver against a real mosquitto. What a rule of the broker is worth is judged by delivery.
#include "drivers/broker/paho/paho_broker.hpp"

#include <atomic>

#include "base/channel.hpp"
#include "support/mosquitto.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr auto patience = std::chrono::seconds(20);

/// A broker of ours with everything that it tells, in channels.
class Client {
  public:
    explicit Client(PahoSettings settings) {
        auto created = PahoBroker::create(std::move(settings));
        if (!created) FAIL(created.error().message());
        broker = std::move(*created);
        REQUIRE(broker->start({
            .message =
                [this](BrokerMessage message) { static_cast<void>(messages.send(std::move(message))); },
            .accepted =
                [this](std::uint64_t token, Result<void> outcome) {
                    static_cast<void>(accepted.send({token, std::move(outcome)}));
                },
            .state =
                [this](bool up, std::string reason) {
                    static_cast<void>(states.send({up, std::move(reason)}));
                },
        }));
    }
    ~Client() { broker->stop(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void wait_for_state(bool up) {
        while (auto state = states.receive_for(patience)) {
            last_reason = state->second;
            if (state->first == up) return;
        }
        FAIL("no state " << up << ": " << last_reason);
    }
    std::pair<std::uint64_t, Result<void>> next_accepted() {
        auto next = accepted.receive_for(patience);
        REQUIRE(next);
        return std::move(*next);
    }
    BrokerMessage next_message() {
        auto next = messages.receive_for(patience);
        REQUIRE(next);
        return std::move(*next);
    }
    /// Publishes and waits for the broker's word.
    Result<void> publish(const std::string& topic, const std::string& text) {
        static std::uint64_t token = 1000;
        REQUIRE(broker->publish(++token, {.topic = topic, .payload = to_bytes(text)}));
        auto [which, outcome] = next_accepted();
        CHECK(which == token);
        return std::move(outcome);
    }

    std::unique_ptr<PahoBroker> broker;
    Channel<BrokerMessage> messages{1000, Overflow::drop_oldest};
    Channel<std::pair<std::uint64_t, Result<void>>> accepted{1000, Overflow::drop_oldest};
    Channel<std::pair<bool, std::string>> states{1000, Overflow::drop_oldest};
    std::string last_reason;
};

PahoSettings settings_of(const Pki& pki, const std::string& uri, const std::string& name) {
    return {.uri = uri,
            .ca = pki.file("service-chain.pem"),
            .certificate = pki.file(name + ".crt"),
            .key = pki.file(name + ".key"),
            .back_off_first = milliseconds(20),
            .back_off_limit = milliseconds(200)};
}

bool skip() {
    if (Mosquitto::installed()) return false;
    MESSAGE("SKIPPED: mosquitto is not installed");
    return true;
}

}  // namespace

TEST_CASE("a message arrives with its topic, payload, content type and properties") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings listening = settings_of(pki, mosquitto.services_uri(), "collector/tls");
    listening.max_incoming_bytes = 1 << 20;
    Client collector(listening);
    CHECK(collector.broker->client_id() == "collector");
    REQUIRE(collector.broker->subscribe("lpr/v1/dev/+/#"));
    collector.wait_for_state(true);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    device.wait_for_state(true);
    Bytes payload(300'000, std::byte{0});
    payload[17] = std::byte{0xff};
    REQUIRE(device.broker->publish(9, {.topic = "lpr/v1/dev/gate-1/read",
                                       .payload = payload,
                                       .content_type = "application/cms",
                                       .properties = {{"v", "1"}, {"seq", "17"}, {"seq", "18"}}}));
    const auto [token, outcome] = device.next_accepted();
    CHECK(token == 9);
    CHECK(outcome);
    const BrokerMessage message = collector.next_message();
    CHECK(message.topic == "lpr/v1/dev/gate-1/read");
    CHECK(message.payload == payload);
    CHECK(message.content_type == "application/cms");
    const std::vector<std::pair<std::string, std::string>> expected{{"v", "1"}, {"seq", "17"}, {"seq", "18"}};
    CHECK(message.properties == expected);
}

TEST_CASE("a message over the limit of incoming bytes is dropped and the connection goes on") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    Client collector(settings_of(pki, mosquitto.services_uri(), "collector/tls"));
    REQUIRE(collector.broker->subscribe("lpr/v1/dev/+/#"));
    collector.wait_for_state(true);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    device.wait_for_state(true);
    CHECK(device.publish("lpr/v1/dev/gate-1/media", std::string(70'000, 'x')));
    CHECK(device.publish("lpr/v1/dev/gate-1/read", "small"));
    CHECK(as_text(collector.next_message().payload) == "small");
}

TEST_CASE("a device's publish on a foreign topic is denied and nobody hears it") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki", {"gate-1", "gate-2"});
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    Client collector(settings_of(pki, mosquitto.services_uri(), "collector/tls"));
    REQUIRE(collector.broker->subscribe("lpr/v1/dev/+/#"));
    collector.wait_for_state(true);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    device.wait_for_state(true);
    for (const char* topic : {"lpr/v1/dev/gate-2/read", "lpr/v1/dev/gate-1/ack", "lpr/v1/dev/gate-2/ack",
                              "lpr/v1/cfg/fleet/recipients", "lpr/v1/dev/gate-1/read/more", "elsewhere"}) {
        CAPTURE(topic);
        const auto outcome = device.publish(topic, "false");
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code() == ErrorCode::denied);
    }
    CHECK(device.publish("lpr/v1/dev/gate-1/read", "true"));
    CHECK(as_text(collector.next_message().payload) == "true");
}

TEST_CASE("a device hears its own receipts and nobody else's") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki", {"gate-1", "gate-2"});
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    Client collector(settings_of(pki, mosquitto.services_uri(), "collector/tls"));
    collector.wait_for_state(true);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    REQUIRE(device.broker->subscribe("lpr/v1/dev/gate-1/ack"));
    device.wait_for_state(true);
    CHECK(collector.publish("lpr/v1/dev/gate-2/ack", "theirs"));
    CHECK(collector.publish("lpr/v1/dev/gate-1/ack", "ours"));
    CHECK(as_text(device.next_message().payload) == "ours");
}

TEST_CASE("a subscription that the broker denies ends the connection, and the reason says so") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki", {"gate-1", "gate-2"});
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    for (const char* filter :
         {"#", "lpr/v1/dev/+/ack", "lpr/v1/dev/gate-2/ack", "$share/g/lpr/v1/dev/+/read"}) {
        CAPTURE(filter);
        Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
        REQUIRE(device.broker->subscribe(filter));
        device.wait_for_state(false);
        INFO(device.last_reason);
        CHECK(device.last_reason.find("subscribe") != std::string::npos);
    }
}

TEST_CASE(
    "a device revoked at the broker is thrown out and its publishes are denied, until it is admitted again") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki", {"gate-1", "gate-2"});
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    Client other(settings_of(pki, mosquitto.uri(), "devices/gate-2/identity"));
    device.wait_for_state(true);
    other.wait_for_state(true);
    CHECK(device.publish("lpr/v1/dev/gate-1/read", "sealed"));
    mosquitto.change_access(pki, "revoke", "gate-1");
    device.wait_for_state(false);
    device.wait_for_state(true);  // its certificate still opens the door; behind it nothing is allowed
    const auto outcome = device.publish("lpr/v1/dev/gate-1/read", "sealed");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::denied);
    CHECK(other.publish("lpr/v1/dev/gate-2/read", "sealed"));
    mosquitto.change_access(pki, "admit", "gate-1");
    CHECK(device.publish("lpr/v1/dev/gate-1/read", "sealed"));
}

TEST_CASE(
    "after the broker's restart the connection comes back, subscriptions too, and what was in flight is "
    "told") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    Mosquitto mosquitto(dir.path() / "broker", pki);
    Client collector(settings_of(pki, mosquitto.services_uri(), "collector/tls"));
    REQUIRE(collector.broker->subscribe("lpr/v1/dev/+/#"));
    collector.wait_for_state(true);
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    device.wait_for_state(true);
    for (int round = 0; round < 3; ++round) {
        // Published into a broker that dies: each token is answered, by the broker or by the end of the
        // connection.
        int sent = 0;
        mosquitto.kill();
        for (std::uint64_t token = 1; token <= 8; ++token)
            if (device.broker->publish(token, {.topic = "lpr/v1/dev/gate-1/read", .payload = to_bytes("x")}))
                ++sent;
        device.wait_for_state(false);
        for (int i = 0; i < sent; ++i) {
            const auto outcome = device.next_accepted().second;
            REQUIRE_FALSE(outcome);
            CHECK(outcome.error().code() == ErrorCode::closed);
        }
        const auto refused =
            device.broker->publish(99, {.topic = "lpr/v1/dev/gate-1/read", .payload = to_bytes("x")});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == ErrorCode::closed);
        mosquitto.start();
        device.wait_for_state(true);
        collector.wait_for_state(true);
        const std::string text = "round " + std::to_string(round);
        // The collector's subscription is made a moment after its state; ours is told by delivery.
        REQUIRE(wait_until([&] {
            CHECK(device.publish("lpr/v1/dev/gate-1/read", text));
            const auto message = collector.messages.receive_for(milliseconds(200));
            return message && as_text(message->payload) == text;
        }));
        while (collector.messages.receive_for(milliseconds(1))) {
        }
    }
}

TEST_CASE("a broker that is not there yet is found when it comes") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    Mosquitto mosquitto(dir.path() / "broker", pki);
    mosquitto.stop();
    Client device(settings_of(pki, mosquitto.uri(), "devices/gate-1/identity"));
    device.wait_for_state(false);
    CHECK(device.last_reason.find(mosquitto.uri()) != std::string::npos);
    mosquitto.start();
    device.wait_for_state(true);
}

TEST_CASE("a broker of a foreign CA is refused, and the reason says what to look at") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Pki foreign(dir.path() / "foreign");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.ca = foreign.file("service-chain.pem");
    Client device(settings);
    device.wait_for_state(false);
    INFO(device.last_reason);
    CHECK(device.last_reason.find(settings.ca.string()) != std::string::npos);
    device.wait_for_state(false);
}

TEST_CASE("a broker whose certificate names another host is refused") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    // A device certificate: of a CA that this client trusts, but named gate-1.
    const Mosquitto mosquitto(dir.path() / "broker", pki, "devices/gate-1/identity");
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.ca = pki.file("device-chain.pem");
    Client device(settings);
    device.wait_for_state(false);
    INFO(device.last_reason);
    CHECK(device.last_reason.find("localhost") != std::string::npos);
}

TEST_CASE("a broker that speaks TLS 1.2 only is refused") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const std::uint16_t port = free_port();
    const Process server({"openssl", "s_server", "-accept", std::to_string(port), "-tls1_2", "-cert",
                          pki.file("broker/tls.crt"), "-key", pki.file("broker/tls.key"), "-quiet"},
                         dir.path() / "server.log");
    REQUIRE(wait_until([&] { return listens(port); }));
    Client device(settings_of(pki, "mqtts://localhost:" + std::to_string(port), "devices/gate-1/identity"));
    device.wait_for_state(false);
    REQUIRE(wait_until([&] {
        return server.output().find("unsupported protocol") != std::string::npos ||
               server.output().find("protocol version") != std::string::npos;
    }));
}

TEST_CASE("a client that the broker's CA did not sign is refused") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Pki foreign(dir.path() / "foreign");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings settings = settings_of(foreign, mosquitto.uri(), "devices/gate-1/identity");
    settings.ca = pki.file("service-chain.pem");
    Client device(settings);
    device.wait_for_state(false);
    CHECK(device.broker->publish(1, {.topic = "lpr/v1/dev/gate-1/read"}).error().code() == ErrorCode::closed);
}

TEST_CASE(
    "an expired client certificate is told, and a renewed one in its place connects without a restart") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    pki.make_expired("devices/gate-1/identity", "device-ca", "expired.crt");
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.certificate = pki.file("expired.crt");
    Client device(settings);
    const auto doubts = device.broker->date_doubts(SystemClock().utc());
    REQUIRE(doubts.size() == 1);
    CHECK(doubts[0].find("expired on") != std::string::npos);
    device.wait_for_state(false);
    CHECK(device.last_reason.find("expired on") != std::string::npos);
    CHECK(device.last_reason.find(settings.certificate.string()) != std::string::npos);
    std::filesystem::copy_file(pki.file("devices/gate-1/identity.crt"), settings.certificate,
                               std::filesystem::copy_options::overwrite_existing);
    device.wait_for_state(true);
}

TEST_CASE("the will is published when the client vanishes, not when it stops") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    const Mosquitto mosquitto(dir.path() / "broker", pki);
    Client collector(settings_of(pki, mosquitto.services_uri(), "collector/tls"));
    REQUIRE(collector.broker->subscribe("lpr/v1/dev/+/#"));
    collector.wait_for_state(true);
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.will =
        BrokerMessage{.topic = "lpr/v1/dev/gate-1/status", .payload = to_bytes("lost"), .retained = true};
    {
        Client device(settings);
        device.wait_for_state(true);
        CHECK(device.publish("lpr/v1/dev/gate-1/status", "here"));
    }
    CHECK(as_text(collector.next_message().payload) == "here");
    Client first(settings);
    first.wait_for_state(true);
    {
        // The same name connects again: the broker drops the first one, as if it had vanished.
        Client second(settings);
        second.wait_for_state(true);
        CHECK(as_text(collector.next_message().payload) == "lost");
    }
}

TEST_CASE("no more than the window is in flight, and a stopped client tells every token") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.max_in_flight = 2;
    Client device(settings);
    device.wait_for_state(true);
    mosquitto.kill();
    const BrokerMessage message{.topic = "lpr/v1/dev/gate-1/read", .payload = to_bytes("x")};
    int sent = 0;
    bool full = false;
    for (std::uint64_t token = 1; token <= 4; ++token) {
        const auto outcome = device.broker->publish(token, message);
        if (outcome)
            ++sent;
        else
            full = full || outcome.error().code() == ErrorCode::exhausted;
    }
    CHECK(sent <= 2);
    device.broker->stop();
    for (int i = 0; i < sent; ++i)
        CHECK_FALSE(device.next_accepted().second);
    CHECK((full || sent < 2));
}

TEST_CASE("a broker that keeps the line but answers no publish is left, and what waited is told as lost") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.keep_alive = std::chrono::seconds(600);  // no ping finds out before us
    settings.answer_timeout = milliseconds(300);
    Client client(settings);
    client.wait_for_state(true);
    mosquitto.freeze();
    REQUIRE(client.broker->publish(7, {.topic = "lpr/v1/dev/gate-1/read", .payload = to_bytes("sealed")}));
    const auto [token, outcome] = client.next_accepted();
    CHECK(token == 7);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::closed);
    client.wait_for_state(false);
    CHECK(client.last_reason.find("answered none") != std::string::npos);
    mosquitto.thaw();
    client.wait_for_state(true);
    CHECK(client.publish("lpr/v1/dev/gate-1/read", "sealed"));
}

TEST_CASE("a connection on which nothing waits for an answer is kept however long it is silent") {
    if (skip()) return;
    const TempDir dir;
    const Pki pki(dir.path() / "pki");
    Mosquitto mosquitto(dir.path() / "broker", pki);
    PahoSettings settings = settings_of(pki, mosquitto.uri(), "devices/gate-1/identity");
    settings.answer_timeout = milliseconds(20);
    Client client(settings);
    client.wait_for_state(true);
    CHECK_FALSE(client.states.receive_for(milliseconds(300)));
    CHECK(client.publish("lpr/v1/dev/gate-1/read", "sealed"));
}
