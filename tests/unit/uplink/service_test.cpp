#include "uplink/uplink_service.hpp"

#include "base/file.hpp"
#include "database/database.hpp"
#include "desk.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Runs the service, calling step(turn number) between turns until it says false.
Result<void> run(Desk& desk, const UplinkServiceSettings& settings, const std::function<bool(int)>& step) {
    Heartbeat heartbeat(desk.clock, "carry", std::chrono::seconds(30));
    UplinkService service(settings, *desk.uplink, heartbeat);
    std::stop_source stop;
    int turns = 0;
    return service.run(stop.get_token(), [&] {
        if (!step(++turns)) stop.request_stop();
    });
}

UplinkServiceSettings fast(const Desk& desk) {
    return {
        .spool = desk.spool_settings, .poll_interval = milliseconds(1), .retry_interval = milliseconds(1)};
}

}  // namespace

TEST_CASE("new rows are noticed") {
    Desk desk;
    desk.broker.connect();
    std::size_t seen = 0;
    REQUIRE(run(desk, fast(desk), [&](int turn) {
        if (turn == 3) desk.append(2);
        seen += desk.broker.take_items().size();
        return seen < 2 && turn < 1000;
    }));
    CHECK(seen == 2);
}

TEST_CASE("the uplink waits for the reader to make the spool") {
    Desk desk;
    UplinkServiceSettings settings = fast(desk);
    settings.spool.path = desk.dir.path() / "later.db";
    desk.broker.connect();
    std::optional<Spool> reader;
    std::size_t seen = 0;
    REQUIRE(run(desk, settings, [&](int turn) {
        if (turn == 5) {
            reader =
                must(Spool::open(settings.spool, [](const Tombstone&) -> Result<Bytes> { return Bytes(1); }));
            ChainHead head = reader->head();
            REQUIRE(reader->append(next_read(head)));
        }
        seen += desk.broker.take_items().size();
        return seen < 1 && turn < 1000;
    }));
    CHECK(seen == 1);
}

TEST_CASE("when the reader sets the spool aside the uplink follows to the new one") {
    Desk desk;
    desk.append(3);
    desk.broker.connect();
    std::vector<std::string> chains;
    const ChainId old = desk.head.chain;
    REQUIRE(run(desk, fast(desk), [&](int turn) {
        if (turn == 5) {
            desk.reader.reset();
            {
                auto database = must(Database::open({.path = desk.spool_settings.path}));
                REQUIRE(database.execute("DELETE FROM items WHERE seq = 2"));
            }
            desk.open_reader();
            desk.append(1);
        }
        for (const auto& one : desk.broker.take_items())
            chains.push_back(property_of(one.message, "chain"));
        return chains.size() < 4 && turn < 1000;
    }));
    REQUIRE(chains.size() == 4);
    CHECK(desk.head.chain != old);
    CHECK(chains[2] == to_string(old));
    CHECK(chains[3] == to_string(desk.head.chain));
}

TEST_CASE(
    "what was salvaged is carried when the spool is empty, released by its own receipt, and no new item "
    "waits") {
    Desk desk;
    desk.append(3);
    const ChainHead old = desk.head;
    desk.reader.reset();
    {
        auto database = must(Database::open({.path = desk.spool_settings.path}));
        REQUIRE(database.execute("UPDATE life SET items = items + 1"));
    }
    desk.open_reader();
    desk.links.clear();
    desk.append(1);
    Salvage salvage(
        desk.spool_settings,
        TombstoneMaker(
            [](const Tombstone& one) -> Result<Bytes> { return to_bytes(TRY(encode_tombstone(one))); },
            [](ByteView blob) { return parse_tombstone(as_text(blob)); }),
        desk.clock);
    salvage.look();
    REQUIRE(salvage.rest() != nullptr);
    ReceiptIntake intake = must(ReceiptIntake::create(
        desk.inbox, "gate-1", [&]() -> Result<TrustStore> { return desk.trust(); }, *salvage.rest(),
        desk.clock));
    desk.broker.connect();
    UplinkServiceSettings settings = fast(desk);
    settings.rest_slice = std::chrono::hours(1);
    settings.rest_interval = std::chrono::hours(1);
    std::vector<std::string> carried;
    const std::string ours = to_string(desk.head.chain);
    REQUIRE(run(desk, settings, [&](int turn) {
        for (const auto& one : desk.broker.take_items()) {
            carried.push_back(property_of(one.message, "chain") + " " + property_of(one.message, "seq"));
            if (carried.size() == 1) desk.deliver(desk.receipt(1));
            if (carried.size() == 4)
                desk.deliver(Receipt{"gate-1", old.chain, 3, old.link, desk.clock.utc()});
        }
        desk.intake->look();
        if (salvage.rest() != nullptr) intake.look();
        if (salvage.rest() != nullptr) salvage.look();
        if (carried.size() == 4 && salvage.rest() == nullptr && desk.links.size() == 1) desk.append(1);
        return carried.size() < 5 && turn < 2000;
    }));
    const std::string theirs = to_string(old.chain);
    CHECK(carried ==
          std::vector<std::string>{ours + " 1", theirs + " 1", theirs + " 2", theirs + " 3", ours + " 2"});
    CHECK(salvage.idle());
}

TEST_CASE("the spool of another device ends the service with a configuration error") {
    Desk desk;
    UplinkServiceSettings settings = fast(desk);
    settings.spool.device = "gate-2";
    const auto ended = run(desk, settings, [](int turn) { return turn < 1000; });
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code() == ErrorCode::configuration);
}

TEST_CASE("a file that is no spool is waited out: the reader will set it aside") {
    Desk desk;
    UplinkServiceSettings settings = fast(desk);
    settings.spool.path = desk.dir.path() / "broken.db";
    REQUIRE(write_file_atomically(settings.spool.path, Bytes(9000, std::byte{0x5a})));
    int turns = 0;
    REQUIRE(run(desk, settings, [&](int turn) {
        turns = turn;
        return turn < 20;
    }));
    CHECK(turns == 20);
}
