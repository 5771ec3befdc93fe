// The loop of the collector's ingest process, with a broker that does what the test says and a true opener.
#include "collector/ingest/collector_service.hpp"

#include <doctest/doctest.h>

#include <sqlite3.h>
#include <unistd.h>

#include <fstream>

#include "collector/opener/opener_server.hpp"
#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "support/captured_log.hpp"
#include "support/fake_broker.hpp"
#include "support/fault_vfs.hpp"
#include "unit/collector/access_bench.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr milliseconds at_once{0};

struct Service {
    CollectorBench bench;
    TestDevice device{bench.road};
    std::filesystem::path folder = bench.road.pki.folder();
    PolicyFile policy;
    OpenerServer server{Judge(bench.road.opener_with(bench.recipients)), ViewFeed(0),
                        policy.desk_on(folder / "audit.db", bench.clock),
                        OpenerSockets{must(listen_unix(folder / "ingest.sock", {})),
                                      must(listen_unix(folder / "view.sock", {})), ::geteuid()}};
    OpenerClient opener{[this] {
        OpenerClientSettings settings;
        settings.socket = folder / "ingest.sock";
        settings.first_retry = milliseconds(1);
        settings.answer_patience = milliseconds(100);  // the end of a test waits no longer for a greeting
        return settings;
    }()};
    Heartbeat heartbeat{bench.clock, "ingest", std::chrono::seconds(30)};
    FakeBroker broker;
    CollectorService service;
    std::stop_source stop;

    explicit Service(CollectorServiceSettings settings = {})
        : service(*bench.ingest, opener, broker, heartbeat, std::move(settings)) {
        must_do(broker.start(service.handlers()));
        must_do(service.subscribe());
    }
    Result<void> turn() {
        bench.clock.advance(min_receipt_interval);
        must_do(server.step(at_once));
        return service.turn(at_once, stop.get_token());
    }
    void send(const std::vector<BrokerMessage>& messages) {
        for (const BrokerMessage& message : messages)
            broker.deliver(message);
    }
    [[nodiscard]] bool has_verdict(Seq seq) {
        const auto chain = must(bench.store().chains.find(device.name, device.head.chain));
        const auto item = chain ? must(bench.store().items.find(chain->id, seq)) : std::nullopt;
        return item && item->verdict;
    }
    /// Turns until the newest item has its verdict.
    void turn_until_judged() {
        while (!has_verdict(device.head.next_seq - 1))
            must_do(turn());
    }
    /// What the newest receipt says that was published.
    [[nodiscard]] Receipt newest_receipt() {
        REQUIRE_FALSE(broker.published.empty());
        const Bytes& payload = broker.published.back().message.payload;
        return must(
            parse_receipt(must(verify_statement(payload, bench.collector_trust, bench.clock.utc())).json));
    }
};

}  // namespace

TEST_CASE("the service hears what devices send, stores it, gives receipts and gets verdicts") {
    Service all;
    CHECK(all.broker.filters == std::set<std::string>{"lpr/v1/dev/+/read", "lpr/v1/dev/+/media",
                                                      "lpr/v1/dev/+/chk", "lpr/v1/dev/+/status",
                                                      "lpr/v1/dev/+/req"});
    all.broker.connect();
    all.send(all.device.messages(all.device.seal()));
    must_do(all.turn());
    CHECK(all.newest_receipt().link == all.device.head.link);
    all.turn_until_judged();
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(all.bench.verdict(all.device, seq)->good());
    CHECK(all.bench.ingest->counters().judged_good == 3);
    CHECK(all.heartbeat.fresh());
}

TEST_CASE("collectors that share the load subscribe in their group") {
    CollectorServiceSettings settings;
    settings.share_group = "collectors";
    const Service all(settings);
    CHECK(all.broker.filters.contains("$share/collectors/lpr/v1/dev/+/read"));
    CHECK(all.broker.filters.size() == 5);
}

TEST_CASE("a batch is no larger than it may be, and the rest comes with the next turn") {
    CollectorServiceSettings settings;
    settings.batch_messages = 2;
    Service all(settings);
    all.send(all.device.messages(all.device.seal()));
    must_do(all.turn());
    CHECK(all.bench.chain(all.device).upto == 2);
    must_do(all.turn());
    CHECK(all.bench.chain(all.device).upto == 3);
}

TEST_CASE("receipts that no broker takes are lost, told, and given again when the device sends again") {
    Service all;
    const CapturedLog log(all.folder / "log");
    const auto record = all.device.messages(all.device.seal());
    all.send(record);
    must_do(all.turn());
    CHECK(all.broker.published.empty());
    all.broker.connect();
    all.send(record);
    must_do(all.turn());
    REQUIRE(all.broker.published.size() == 1);
    all.broker.deny(all.broker.published[0].token);
    CHECK(log.count("the broker refused a receipt: not authorized") == 1);
    all.broker.disconnect();
    CHECK(log.count("no broker: lost") == 1);
}

TEST_CASE("more messages than the queue holds: the oldest are dropped, counted, and come again") {
    Service all;
    const auto record = all.device.messages(all.device.seal());
    for (std::size_t i = 0; i <= max_unstored_messages; ++i)
        all.send({record[i % 3]});
    CHECK(all.service.dropped() == 1);
}

TEST_CASE("attack: a device floods the collector, another one's items are all stored, and the log names it") {
    Service all;
    const CapturedLog log(all.folder / "log");
    const KeyFiles files = all.bench.road.pki.device("gate-2");
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    TestDevice honest(all.bench.road, *key, "gate-2");
    const auto flood = all.device.messages(all.device.seal());
    const auto record = honest.messages(honest.seal());
    all.send(record);
    for (std::size_t i = 0; i < 4 * max_unstored_messages; ++i)
        all.send({flood[i % flood.size()]});
    CHECK(all.service.dropped() == 3 * max_unstored_messages + record.size());
    must_do(all.turn());
    CHECK(all.bench.chain(honest).upto == record.size());
    all.stop.request_stop();
    all.service.run(all.stop.get_token(), [] {});  // ends at once, and tells
    CHECK(log.count(fmt::format("device=gate-1 dropped={};", all.service.dropped())) == 1);
}

TEST_CASE("the registrar's answers go to their device while there is a broker") {
    Service all;
    RegistrarDesk desk(all.folder / "registrar", std::nullopt);
    std::filesystem::create_directories(all.folder / "registrar" / "answers");
    all.bench.ingest->hand_requests_to(desk);
    all.service.publish_answers_of(desk);
    must_do(all.turn());  // not connected: they wait
    all.broker.connect();
    must_do(all.turn());
    CHECK(all.broker.published.empty());  // nobody has asked
}

TEST_CASE(
    "whichever call to the store fails in a turn, the service tells it and goes on, and nothing is lost") {
    Service all;
    all.broker.connect();
    const auto record = all.device.messages(all.device.seal());
    FailingWays ways;
    const auto send_again = [&] { all.send(record); };  // as a device does that has no receipt
    send_again();
    // Counted is what was committed: a transaction that could not even be rolled back shows its verdicts too.
    while (all.bench.ingest->counters().judged_good < 3)
        must_do(ways.insist([&] { return all.turn(); }, send_again));
    const std::uint64_t failed = FailingWays::failed();
    CHECK(failed > 100);
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(all.bench.verdict(all.device, seq)->good());
    CHECK(all.bench.ingest->counters().judged_good == 3);
    CHECK(all.bench.ingest->counters().stored == 3);
    CHECK(must(all.bench.store().items.count()) == 3);
    CHECK(must(all.bench.store().incidents.count()) == 0);
    CHECK(all.newest_receipt().link == all.device.head.link);
}

TEST_CASE(
    "run() goes round until it is stopped, tells once that the store fails and once that it works again") {
    CollectorServiceSettings settings;
    settings.error_pause = milliseconds(1);
    Service all(settings);
    all.broker.connect();
    const CapturedLog log(all.folder / "log");
    const auto record = all.device.messages(all.device.seal());
    int turns = 0;
    ask_before_sqlite([&turns] { return turns == 1 ? SQLITE_NOMEM : SQLITE_OK; });
    all.service.run(all.stop.get_token(), [&] {
        all.send(record);
        if (++turns == 3) all.stop.request_stop();
    });
    ask_before_sqlite({});
    CHECK(turns == 3);
    CHECK(log.count("going on, the devices keep what has no receipt") == 1);
    CHECK(log.count("the store works again") == 1);
    CHECK(log.count("messages=") == 1);
    CHECK(must(all.bench.store().items.count()) == 3);
}
