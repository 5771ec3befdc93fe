// Several workers over one store in PostgreSQL: whoever gets an item stores and receipts it, one of them
// judges it, and when one is gone the others do its work.
#include "collector/ingest/crew.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "support/postgres.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr BootTime start{microseconds{0}};

struct Place {
    SystemClock clock;
    std::unique_ptr<PostgresConnection> connection;
    Crew crew;
    explicit Place(const PostgresSettings& settings)
        : connection(must(PostgresConnection::connect(settings, clock))), crew(*connection) {}
};

/// The bench's store is one in PostgreSQL while this lives.
class InPostgres {
  public:
    InPostgres() {
        const char* const before = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        if (before != nullptr) before_ = before;
        REQUIRE(::setenv(name, "postgresql", 1) == 0);  // NOLINT(concurrency-mt-unsafe)
    }
    ~InPostgres() {
        before_ ? ::setenv(name, before_->c_str(), 1) : ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
    }
    InPostgres(const InPostgres&) = delete;
    InPostgres& operator=(const InPostgres&) = delete;

  private:
    static constexpr auto name = "PORTCULLIS_STORE";
    std::optional<std::string> before_;
};

struct Worker {
    Ingest ingest;
    Judge judge;
    std::uint64_t judged = 0;

    Worker(CollectorBench& bench, const std::string& name)
        : ingest(must(bench.open_store()), bench.road.trust(), *bench.receipt_key, bench.clock),
          judge(bench.road.opener_with(bench.recipients)) {
        must_do(ingest.share_work(name));
        ingest.opener_keys_are(judge.keys());
        ingest.opener_is(true);
    }
    /// What it may judge just now, in small bites, as it comes.
    std::vector<View> judge_some(std::size_t window = 16) {
        std::vector<View> views;
        for (const OpenRequest& request : must(ingest.to_judge(window))) {
            const Judgement judgement = judge.judge(request);
            must_do(ingest.judged({judgement.reply}));
            ++judged;
            if (judgement.view) views.push_back(*judgement.view);
        }
        return views;
    }
};

struct Crossroads {
    InPostgres in_postgres;
    CollectorBench bench;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::unique_ptr<TestDevice>> devices;
    std::vector<View> views;
    std::size_t turn = 0;

    explicit Crossroads(std::size_t count) {
        bench.ingest.reset();  // it would take all the work
        for (std::size_t i = 0; i < count; ++i)
            workers.push_back(std::make_unique<Worker>(bench, "ingest-" + std::to_string(i + 1)));
        // One device has several chains, as after a new card: what counts here is the chain.
        for (int i = 0; i < 6; ++i) {
            devices.push_back(std::make_unique<TestDevice>(bench.road));
            devices.back()->head.chain.bytes[0] = static_cast<std::byte>(i + 1);
            devices.back()->head.link = first_link(devices.back()->name, devices.back()->head.chain);
        }
    }
    /// Each knows of all others.
    void meet() {
        for (int round = 0; round < 2; ++round) {
            bench.clock.advance(crew_look_interval);
            for (const auto& worker : workers)
                static_cast<void>(must(worker->ingest.to_judge(0)));
        }
    }
    /// As a broker shares a subscription: a message to each in turn.
    void deal(const std::vector<BrokerMessage>& messages) {
        for (const BrokerMessage& message : messages)
            must(workers[turn++ % workers.size()]->ingest.accept({message}));
    }
    void judge_all() {
        for (int quiet = 0; quiet < 3; ++quiet) {
            bench.clock.advance(crew_look_interval);
            for (const auto& worker : workers)
                for (auto some = worker->judge_some(); !some.empty(); some = worker->judge_some()) {
                    views.insert(views.end(), some.begin(), some.end());
                    quiet = 0;
                }
        }
    }
    [[nodiscard]] Store& store() { return workers.front()->ingest.store(); }
    [[nodiscard]] std::map<std::string, std::uint64_t> verdicts() {
        std::map<std::string, std::uint64_t> all;
        for (const auto& device : devices)
            if (const auto chain = must(store().chains.find(device->name, device->head.chain)))
                for (const VerdictCount& count : must(store().items.verdicts(chain->id)))
                    all[count.verdict ? std::string(to_string(count.verdict->authenticity)) : "none"] +=
                        count.count;
        return all;
    }
};

}  // namespace

TEST_CASE("crew: each worker has a share, and who is gone leaves none behind") {
    const PostgresSettings settings = shared_postgres().new_database();
    Place first(settings);
    CHECK(must(first.crew.look(start, true)));
    CHECK(first.crew.share() == WorkShare{0, 1});
    CHECK_FALSE(must(first.crew.look(start, true)));
    auto second = std::make_unique<Place>(settings);
    Place third(settings);
    CHECK(must(second->crew.look(start, true)));
    CHECK(must(third.crew.look(start, true)));
    CHECK(third.crew.share() == WorkShare{2, 3});
    CHECK_FALSE(must(first.crew.look(start, true)));  // not asked so soon
    CHECK(must(first.crew.look(start + crew_look_interval, true)));
    CHECK(first.crew.share() == WorkShare{0, 3});

    SUBCASE("whose connection ends") {
        second.reset();
        BootTime later = start;
        CHECK(wait_until([&] {
            later += 2 * crew_look_interval;
            must(third.crew.look(later, true));
            return third.crew.share() == WorkShare{1, 2};
        }));
        SUBCASE("and the next one has its place") {
            Place fourth(settings);
            CHECK(must(fourth.crew.look(start, true)));
            CHECK(fourth.crew.share() == WorkShare{1, 3});
        }
    }
    SUBCASE("who cannot judge, at once, and has one again when he can") {
        CHECK(must(second->crew.look(start, false)));
        CHECK_FALSE(second->crew.share().holds(1));
        CHECK(must(third.crew.look(start + 2 * crew_look_interval, true)));
        CHECK(third.crew.share() == WorkShare{1, 2});
        CHECK(must(second->crew.look(start, true)));
        CHECK(second->crew.share() == WorkShare{1, 3});
    }
}

TEST_CASE("crew: every chain is in one share") {
    for (std::int64_t of = 1; of <= max_workers; ++of)
        for (RowId chain = 1; chain < 200; ++chain) {
            int holders = 0;
            for (std::int64_t rank = 0; rank < of; ++rank)
                holders += WorkShare{rank, of}.holds(chain) ? 1 : 0;
            REQUIRE(holders == 1);
        }
    CHECK_FALSE(WorkShare{0, 0}.holds(1));
}

TEST_CASE("crew: a file is not shared") {
    CollectorBench bench;
    if (bench.server) return;
    const Result<void> shared = bench.ingest->share_work("ingest-1");
    REQUIRE_FALSE(shared);
    CHECK(shared.error().code() == ErrorCode::configuration);
    CHECK(shared.error().message().find("PostgreSQL") != std::string::npos);
}

TEST_CASE("crew: what one worker stores another may receipt and judge, and each item is judged once") {
    Crossroads road(2);
    road.meet();
    for (int round = 0; round < 4; ++round)
        for (const auto& device : road.devices)
            road.deal(device->messages(device->seal()));
    road.judge_all();
    CHECK(road.verdicts() == std::map<std::string, std::uint64_t>{{"authentic", 6 * 4 * 3}});
    CHECK(road.views.size() == 6 * 4);  // one of each read
    CHECK(road.workers[0]->judged > 0);
    CHECK(road.workers[1]->judged > 0);
    // Three blobs of a record go to two workers by turns, so each has something to promise of each chain.
    std::map<std::string, Seq> promised;
    road.bench.clock.advance(min_receipt_interval);
    for (const auto& worker : road.workers)
        for (const BrokerMessage& message : must(worker->ingest.receipts())) {
            const SignedText text =
                must(verify_statement(message.payload, road.bench.collector_trust, road.bench.clock.utc()));
            const Receipt receipt = must(parse_receipt(text.json));
            Seq& upto = promised[to_string(receipt.chain)];
            upto = std::max(upto, receipt.upto);
        }
    CHECK(promised.size() == 6);
    for (const auto& [chain, upto] : promised)
        CHECK(upto == 4 * 3);
}

TEST_CASE("crew: a worker that dies in the midst of its work loses nothing and doubles nothing") {
    Crossroads road(3);
    road.meet();
    for (int round = 0; round < 3; ++round)
        for (const auto& device : road.devices)
            road.deal(device->messages(device->seal()));
    const auto views = road.workers[1]->judge_some(4);
    road.views.insert(road.views.end(), views.begin(), views.end());
    static_cast<void>(must(road.workers[1]->ingest.to_judge(8)));  // with its opener, and never answered
    road.workers.erase(road.workers.begin() + 1);
    for (const auto& device : road.devices)
        road.deal(device->messages(device->seal()));
    CHECK(wait_until([&] {
        road.judge_all();
        return road.verdicts() == std::map<std::string, std::uint64_t>{{"authentic", 6 * 4 * 3}};
    }));
    CHECK(road.views.size() == 6 * 4);
    CHECK(must(road.store().quarantine.count()) == 0);
}

TEST_CASE("crew: while a worker has no opener the others judge its chains") {
    Crossroads road(2);
    road.meet();
    road.workers[0]->ingest.opener_is(false);
    for (const auto& device : road.devices)
        road.deal(device->messages(device->seal()));
    road.judge_all();
    CHECK(road.verdicts() == std::map<std::string, std::uint64_t>{{"authentic", 6 * 3}});
    CHECK(road.workers[0]->judged == 0);
}

TEST_CASE("crew: a receipt that one worker gave is known to all before its device has it") {
    Crossroads road(2);
    TestDevice& device = *road.devices[0];
    road.deal(device.messages(device.seal()));
    road.bench.clock.advance(min_receipt_interval);
    const auto receipts = must(road.workers[0]->ingest.receipts());
    REQUIRE(receipts.size() == 1);
    device.last_receipt = sha256(receipts[0].payload);
    road.turn = 1;  // to the other one
    road.deal(device.messages(device.seal()));
    const GivenReceipt known = must(road.workers[1]->ingest.store().receipts.find(device.last_receipt));
    CHECK(known.at.has_value());
}

TEST_CASE("crew: keys that one worker's opener has later are looked for again when it has them") {
    InPostgres in_postgres;
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.ingest.reset();
    const auto recipients = bench.recipients;
    bench.recipients = {bench.road.evidence};  // nobody opens a read
    Worker first(bench, "ingest-1");
    for (const BrokerMessage& message : device.messages(device.seal()))
        must(first.ingest.accept({message}));
    while (!first.judge_some().empty()) {
    }
    const auto verdict = [&] {
        const auto chain = must(first.ingest.store().chains.find(device.name, device.head.chain));
        const auto item = must(first.ingest.store().items.find(chain->id, 1));
        return item->verdict ? item->verdict->authenticity : Authenticity::duplicate;
    };
    CHECK(verdict() == Authenticity::unopened);

    // Another worker had those keys all along, and has remembered them.
    bench.recipients = recipients;
    {
        Worker second(bench, "ingest-2");
        second.ingest.opener_is(false);
        while (must(second.ingest.to_judge(0)).empty() && second.ingest.looking_again()) {
        }
    }
    bench.clock.advance(crew_look_interval);
    bench.clock.advance(std::chrono::seconds(10));
    while (!first.judge_some().empty()) {
    }
    CHECK(verdict() == Authenticity::unopened);
    first.judge.replace(bench.road.opener_with(recipients));
    first.ingest.opener_keys_are(first.judge.keys());
    for (int i = 0; i < 10; ++i)
        static_cast<void>(first.judge_some());
    CHECK(verdict() == Authenticity::authentic);
}
