// portcullis-uplink itself between a spool, a real mosquitto and a collector that the test plays.
#include <nlohmann/json.hpp>
#include <random>

#include "base/channel.hpp"
#include "base/file.hpp"
#include "drivers/broker/paho/paho_broker.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "inbox/receipt_intake.hpp"
#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "spool/spool.hpp"
#include "support/fake_broker.hpp"
#include "support/mosquitto.hpp"
#include "support/rounds.hpp"
#include "support/sealed_chain.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr auto patience = std::chrono::seconds(20);

/// Stores what comes (by seq) and signs receipts up to the first gap.
class Collector {
  public:
    Collector(const Pki& pki, const std::string& uri, const ChainHead& begin) : head_(begin) {
        PahoSettings settings;
        settings.uri = uri;
        settings.ca = pki.file("service-chain.pem");
        settings.certificate = pki.file("collector/tls.crt");
        settings.key = pki.file("collector/tls.key");
        settings.max_incoming_bytes = 5 << 20;
        settings.back_off_limit = milliseconds(200);
        broker_ = std::move(*PahoBroker::create(settings));
        key_ = std::move(*FileSigningKey::create(pki.file("collector/receipt.key"),
                                                 pki.file("collector/receipt.crt"),
                                                 CertificateUse::sign_receipts));
        REQUIRE(broker_->subscribe("lpr/v1/dev/+/#"));
        REQUIRE(broker_->start(
            {.message =
                 [this](BrokerMessage message) { static_cast<void>(messages_.send(std::move(message))); },
             .accepted = [](std::uint64_t, const Result<void>&) {},
             .state = [](bool, const std::string&) {}}));
    }
    ~Collector() { broker_->stop(); }
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    /// Takes messages for a while. Only an item asks for a receipt: a status that comes between is not one.
    void work(milliseconds time) {
        bool item = false;
        auto message = messages_.receive_for(time);
        while (message) {
            item = take(*message) || item;
            message = messages_.receive_for(milliseconds(0));
        }
        if (item && receipts) send_receipt();
    }

    std::map<Seq, Bytes> stored;
    std::uint64_t duplicates = 0;
    std::vector<std::string> states;
    bool receipts = true;

  private:
    /// Tells whether the message is an item of the spool.
    bool take(const BrokerMessage& message) {
        if (message.topic.ends_with("/status")) {
            states.push_back(nlohmann::json::parse(as_text(message.payload))["state"]);
            return false;
        }
        if (message.topic.ends_with("/ack")) return false;
        const Seq seq = std::stoull(property_of(message, "seq"));
        const auto [place, is_new] = stored.emplace(seq, message.payload);
        if (!is_new) {
            ++duplicates;
            CHECK(place->second == message.payload);
        }
        return true;
    }
    void send_receipt() {
        for (auto next = stored.find(head_.next_seq); next != stored.end();
             next = stored.find(head_.next_seq)) {
            head_.link = next_link(head_.link, head_.next_seq, sha256(next->second));
            ++head_.next_seq;
        }
        if (head_.next_seq == 1) return;
        const auto json =
            encode_receipt({"gate-1", head_.chain, head_.next_seq - 1, head_.link, SystemClock().utc()});
        REQUIRE(json);
        auto blob = sign_statement(*key_, *json);
        REQUIRE(blob);
        // A receipt that does not get out now is given again with the next item.
        static_cast<void>(
            broker_->publish(++token_, {.topic = "lpr/v1/dev/gate-1/ack", .payload = std::move(*blob)}));
    }

    ChainHead head_;
    std::unique_ptr<PahoBroker> broker_;
    std::unique_ptr<FileSigningKey> key_;
    Channel<BrokerMessage> messages_{10'000, Overflow::drop_oldest};
    std::uint64_t token_ = 0;
};

/// PKI, spool and settings file of one device.
struct Device {
    TempDir dir;
    Pki pki{dir.path() / "pki"};
    SystemClock clock;
    Inbox inbox{dir.path() / "inbox"};
    std::optional<Spool> reader;
    std::optional<ReceiptIntake> intake;
    ChainHead begin;
    ChainHead head;

    Device() {
        auto opened =
            Spool::open({.path = dir.path() / "spool.db", .device = "gate-1"},
                        [](const Tombstone&) -> Result<Bytes> { return Bytes(500, std::byte{0x30}); });
        REQUIRE(opened);
        reader = std::move(*opened);
        begin = head = reader->head();
        auto made = ReceiptIntake::create(
            inbox, "gate-1",
            [this] {
                TrustSettings trust;
                trust.ca_chain = pki.file("service-chain.pem");
                trust.signers = pki.file("collector/receipt.crt");
                trust.use = CertificateUse::sign_receipts;
                return TrustStore::create(trust);
            },
            *reader, clock);
        REQUIRE(made);
        intake.emplace(std::move(*made));
    }
    void append(int records) {
        for (int i = 0; i < records; ++i)
            REQUIRE(reader->append(next_record(head, {{ItemKind::read, 800}, {ItemKind::plate, 6000}})));
    }
    void write_settings(const std::string& uri,
                        const std::string& more = "[window]\nresend_after_s = 1\n") const {
        const std::string text =
            "[spool]\npath = \"spool.db\"\npoll_ms = 10\n[broker]\nuri = \"" + uri +
            "\"\nback_off_limit_s = 1\nca = \"pki/service-chain.pem\"\n"
            "certificate = \"pki/devices/gate-1/identity.crt\"\n"
            "key = \"pki/devices/gate-1/identity.key\"\n"
            "[inbox]\nfolder = \"inbox\"\n"
            "[receipts]\nca_chain = \"pki/service-chain.pem\"\nsigners = \"pki/collector/receipt.crt\"\n" +
            more;
        REQUIRE(write_file_atomically(dir.path() / "uplink.toml", as_bytes(text)));
    }
    [[nodiscard]] std::unique_ptr<Process> start(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> command{PORTCULLIS_BIN_DIR "/portcullis-uplink", "--config",
                                         (dir.path() / "uplink.toml").string()};
        command.insert(command.end(), more.begin(), more.end());
        return std::make_unique<Process>(command, dir.path() / "uplink.log");
    }
    /// As the reader's tick does.
    [[nodiscard]] std::size_t spooled() {
        intake->look();
        return reader->stats().value().items;
    }
};

bool skip() {
    if (Mosquitto::installed()) return false;
    MESSAGE("SKIPPED: mosquitto is not installed");
    return true;
}

}  // namespace

TEST_CASE("what the reader appends arrives whole, is receipted, and the spool gets empty") {
    if (skip()) return;
    Device device;
    const Mosquitto mosquitto(device.dir.path() / "broker", device.pki);
    device.write_settings(mosquitto.uri());
    Collector collector(device.pki, mosquitto.services_uri(), device.begin);
    const auto uplink = device.start();
    device.append(50);
    const bool done = wait_until([&] {
        collector.work(milliseconds(20));
        return device.spooled() == 0;
    });
    INFO(uplink->output());
    REQUIRE(done);
    CHECK(collector.stored.size() == 100);
    CHECK(uplink->stop() == 0);
    REQUIRE(wait_until([&] {
        collector.work(milliseconds(20));
        return !collector.states.empty() && collector.states.back() == "stopped";
    }));
    CHECK(device.reader->last_receipt_digest().value());
}

TEST_CASE("kill -9 of the uplink at random moments, and of the broker, loses nothing") {
    if (skip()) return;
    Device device;
    Mosquitto mosquitto(device.dir.path() / "broker", device.pki);
    device.write_settings(mosquitto.uri());
    Collector collector(device.pki, mosquitto.services_uri(), device.begin);
    std::mt19937 random(42);
    auto uplink = device.start();
    const int rounds = rounds_or(12);  // kills
    for (int round = 0; round < rounds; ++round) {
        device.append(8);
        // The moment is told by the work done, not by a clock.
        const std::size_t wanted = collector.stored.size() + random() % 12;
        const bool moved = wait_until([&] {
            collector.work(milliseconds(5));
            device.intake->look();  // the reader works on
            return collector.stored.size() >= wanted;
        });
        INFO(uplink->output());
        REQUIRE(moved);
        if (round % 4 == 3) {
            mosquitto.kill();
            mosquitto.start();
        } else {
            uplink->kill();
            uplink = device.start();
        }
    }
    const bool done = wait_until(
        [&] {
            collector.work(milliseconds(20));
            return device.spooled() == 0;
        },
        std::chrono::seconds(60));
    INFO(uplink->output());
    REQUIRE(done);
    const auto sent = static_cast<std::size_t>(rounds) * 16;
    REQUIRE(collector.stored.size() == sent);
    CHECK(collector.stored.rbegin()->first == sent);
    MESSAGE(rounds << " kills, " << sent << " items, duplicates seen: " << collector.duplicates);
}

TEST_CASE("a receipt that got lost is asked for by sending again") {
    if (skip()) return;
    Device device;
    const Mosquitto mosquitto(device.dir.path() / "broker", device.pki);
    device.write_settings(mosquitto.uri());
    Collector collector(device.pki, mosquitto.services_uri(), device.begin);
    collector.receipts = false;
    const auto uplink = device.start();
    device.append(2);
    REQUIRE(wait_until([&] {
        collector.work(milliseconds(20));
        return collector.stored.size() == 4;
    }));
    CHECK(device.spooled() == 4);
    collector.receipts = true;
    REQUIRE(wait_until([&] {
        collector.work(milliseconds(20));
        return device.spooled() == 0;
    }));
    CHECK(collector.duplicates > 0);
}

TEST_CASE("the uplink waits for the spool, and SIGTERM ends the wait") {
    if (skip()) return;
    Device device;
    device.reader.reset();
    std::filesystem::remove(device.dir.path() / "spool.db");
    const Mosquitto mosquitto(device.dir.path() / "broker", device.pki);
    device.write_settings(mosquitto.uri());
    const auto uplink = device.start();
    REQUIRE(wait_until([&] { return uplink->output().find("waiting for the reader") != std::string::npos; }));
    CHECK(uplink->stop() == 0);
}

TEST_CASE("wrong configuration ends with code 2 and names file, key and cure") {
    Device device;
    device.write_settings("mqtts://localhost:1");
    const auto code_of = [&](const std::vector<std::string>& more) {
        return device.start(more)->wait(patience);
    };
    CHECK(code_of({"--check"}) == 0);
    CHECK(code_of({"--no-such-flag"}) == 2);
    CHECK(code_of({"--version"}) == 0);
    const auto refused = [&](const std::string& words) {
        const auto uplink = device.start({"--check"});
        CHECK(uplink->wait(patience) == 2);
        INFO(uplink->output());
        CHECK(uplink->output().find(words) != std::string::npos);
    };
    SUBCASE("unknown key") {
        device.write_settings("mqtts://localhost:1", "[window]\nwidth = 3\n");
        refused("uplink.toml:");
    }
    SUBCASE("plain text broker") {
        device.write_settings("tcp://localhost:1");
        refused("mqtts://HOST:PORT");
    }
    SUBCASE("expired certificate") {
        device.pki.make_expired("devices/gate-1/identity", "device-ca", "expired.crt");
        std::filesystem::copy_file(device.pki.file("expired.crt"),
                                   device.pki.file("devices/gate-1/identity.crt"),
                                   std::filesystem::copy_options::overwrite_existing);
        refused("expired on");
    }
    SUBCASE("no receipt certificate") {
        std::filesystem::remove(device.pki.file("collector/receipt.crt"));
        refused("receipt.crt");
    }
    SUBCASE("a certificate that is no device's") {
        for (const char* end : {".crt", ".key"})
            std::filesystem::copy_file(device.pki.file(std::string("collector/tls") + end),
                                       device.pki.file(std::string("devices/gate-1/identity") + end),
                                       std::filesystem::copy_options::overwrite_existing);
        const auto uplink = device.start();
        CHECK(uplink->wait(patience) == 2);  // the spool is gate-1's, the certificate the collector's
        CHECK(uplink->output().find("collector") != std::string::npos);
    }
}
