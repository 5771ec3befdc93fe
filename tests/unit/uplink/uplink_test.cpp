#include "uplink/uplink.hpp"

#include <nlohmann/json.hpp>

#include "desk.hpp"
#include "support/captured_log.hpp"
#include "uplink/home_assistant.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;
using Seqs = std::vector<Seq>;

TEST_CASE("nothing is published before there is a connection, then the oldest first") {
    Desk desk;
    desk.append(3);
    CHECK(desk.turn_and_take().empty());
    desk.broker.connect();
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2, 3});
    CHECK(desk.turn_and_take_seqs() == Seqs{});
    desk.append(1);
    CHECK(desk.turn_and_take_seqs() == Seqs{4});
}

TEST_CASE("each kind goes to its topic, sealed and with hints only") {
    Desk desk;
    REQUIRE(desk.reader->append(next_record(desk.head, {{ItemKind::read, 700},
                                                        {ItemKind::plate, 5000},
                                                        {ItemKind::overview, 9000},
                                                        {ItemKind::checkpoint, 400}})));
    desk.broker.connect();
    const auto items = desk.turn_and_take();
    REQUIRE(items.size() == 4);
    const char* leaves[] = {"read", "media", "media", "chk"};
    const char* kinds[] = {"read", "plate", "overview", "checkpoint"};
    const auto rows = must(desk.guest->peek(0, 10, 1 << 20));
    for (std::size_t i = 0; i < 4; ++i) {
        const BrokerMessage& message = items[i].message;
        CHECK(message.topic == std::string("lpr/v1/dev/gate-1/") + leaves[i]);
        CHECK(message.payload == rows[i].item.blob);
        CHECK(message.content_type == "application/cms");
        CHECK_FALSE(message.retained);
        const std::vector<std::pair<std::string, std::string>> expected{{"v", "1"},
                                                                        {"chain", to_string(desk.head.chain)},
                                                                        {"seq", std::to_string(i + 1)},
                                                                        {"kind", kinds[i]}};
        CHECK(message.properties == expected);
    }
}

TEST_CASE("a tombstone says which seqs it stands for") {
    Desk desk({}, 4);
    desk.append(6);
    desk.broker.connect();
    const auto items = desk.turn_and_take();
    REQUIRE(items.size() == 4);
    CHECK(items[0].message.topic == "lpr/v1/dev/gate-1/chk");
    CHECK(property_of(items[0].message, "kind") == "tombstone");
    CHECK(property_of(items[0].message, "first") == "1");
    CHECK(property_of(items[0].message, "last") == "3");
    CHECK(property_of(items[0].message, "seq") == "3");
    CHECK(property_of(items[1].message, "seq") == "4");
}

TEST_CASE("never more than the window is without the broker's word") {
    Desk desk({.window_items = 4});
    desk.append(10);
    desk.broker.connect();
    const auto first = desk.turn_and_take();
    REQUIRE(first.size() == 4);
    CHECK(desk.uplink->in_flight() == 4);
    CHECK(desk.turn_and_take().empty());
    desk.broker.accept(first[2].token);
    CHECK(desk.turn_and_take_seqs() == Seqs{5});
    desk.broker.accept_all();
    CHECK(desk.turn_and_take_seqs() == Seqs{6, 7, 8, 9});
}

TEST_CASE("never more bytes than the window, but one item always goes") {
    Desk desk({.window_bytes = 1000});
    desk.append(5);  // of 300 bytes
    desk.broker.connect();
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2, 3});
    Desk narrow({.window_bytes = 100});
    narrow.append(2);
    narrow.broker.connect();
    CHECK(narrow.turn_and_take_seqs() == Seqs{1});
}

TEST_CASE("no more goes ahead of the receipts than the limit, in items and in bytes") {
    UplinkSettings settings{.ahead_items = 6};
    SUBCASE("items") {}
    SUBCASE("bytes") {
        settings = {.ahead_bytes = 1800};
    }
    settings.window_items = 2;
    Desk desk(settings);
    desk.append(10);
    desk.broker.connect();
    for (int i = 0; i < 5; ++i) {
        desk.turn();
        desk.broker.accept_all();
    }
    desk.turn();
    CHECK(desk.broker.take_items().size() == 6);
    desk.deliver(desk.receipt(2));
    CHECK(desk.turn_and_take_seqs() == Seqs{7, 8});
}

TEST_CASE("when the broker's library is full the item goes later, none is skipped") {
    Desk desk;
    desk.append(2);
    desk.broker.connect();
    desk.broker.full = true;
    CHECK(desk.turn_and_take().empty());
    desk.broker.full = false;
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2});
}

TEST_CASE("accepted is not received: the broker's word releases nothing") {
    Desk desk;
    desk.append(3);
    desk.broker.connect();
    desk.turn();
    desk.broker.accept_all();
    desk.turn();
    CHECK(desk.uplink->counters().accepted >= 3);
    CHECK(desk.uplink->counters().received == 0);
    CHECK(desk.spooled() == 3);
}

TEST_CASE("an accepted item without a receipt is published again after its time, not before") {
    Desk desk({.resend_after = seconds(30)});
    desk.append(2);
    desk.broker.connect();
    CHECK(desk.turn_and_take().size() == 2);
    desk.broker.accept_all();
    desk.turn();
    desk.clock.advance(seconds(29));
    CHECK(desk.turn_and_take().empty());
    desk.clock.advance(seconds(1));
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2});
    CHECK(desk.uplink->counters().resent == 2);
    CHECK(desk.uplink->counters().published == 4);
}

TEST_CASE("after each connect it begins at the spool's oldest") {
    Desk desk;
    desk.append(3);
    desk.broker.connect();
    desk.turn();
    desk.broker.accept_all();
    desk.turn();
    desk.deliver(desk.receipt(1));
    desk.turn();
    static_cast<void>(desk.broker.take_items());
    desk.broker.disconnect();
    desk.append(1);
    CHECK(desk.turn_and_take().empty());
    desk.broker.connect();
    CHECK(desk.turn_and_take_seqs() == Seqs{2, 3, 4});
}

TEST_CASE("what was in flight when the connection ended is published again, in order") {
    Desk desk({.window_items = 3});
    desk.append(5);
    desk.broker.connect();
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2, 3});
    desk.broker.disconnect();
    desk.broker.connect();
    CHECK(desk.turn_and_take_seqs() == Seqs{1, 2, 3});
}

TEST_CASE("a single publish that the connection lost is published again") {
    Desk desk;
    desk.append(3);
    desk.broker.connect();
    const auto items = desk.turn_and_take();
    desk.broker.answer(items[1].token, fail(ErrorCode::closed, "lost"));
    CHECK(desk.turn_and_take_seqs() == Seqs{2});
}

TEST_CASE("an item that the broker denies is held and tried again slowly, never dropped, the others go on") {
    Desk desk;
    desk.append(3);
    desk.broker.connect();
    const auto items = desk.turn_and_take();
    desk.broker.deny(items[0].token);
    desk.broker.accept(items[1].token);
    desk.broker.accept(items[2].token);
    desk.append(1);
    CHECK(desk.turn_and_take_seqs() == Seqs{4});
    CHECK(desk.uplink->counters().denied == 1);
    CHECK(desk.spooled() == 4);
    desk.broker.accept_all();
    desk.turn();
    desk.clock.advance(seconds(29));
    CHECK(desk.turn_and_take().empty());
    desk.clock.advance(seconds(31));
    const auto again = desk.turn_and_take_seqs();
    REQUIRE_FALSE(again.empty());
    CHECK(again.front() == 1);
}

TEST_CASE("an item that was shed meanwhile is sent again as the tombstone that stands for it") {
    Desk desk({}, 4);
    desk.append(4);
    desk.broker.connect();
    CHECK(desk.turn_and_take().size() == 4);
    desk.broker.accept_all();
    desk.append(2);  // sheds 1..3
    desk.turn();
    desk.broker.accept_all();
    desk.turn();
    static_cast<void>(desk.broker.take_items());
    desk.clock.advance(seconds(60));
    const auto again = desk.turn_and_take();
    REQUIRE_FALSE(again.empty());
    CHECK(property_of(again[0].message, "kind") == "tombstone");
    CHECK(property_of(again[0].message, "first") == "1");
    CHECK(property_of(again[0].message, "last") == "3");
    std::set<std::string> seqs;
    for (const auto& one : again)
        CHECK(seqs.insert(property_of(one.message, "seq")).second);
}

TEST_CASE("the status is retained, tells depth and counters, and comes at its interval") {
    Desk desk({.status_interval = seconds(60)});
    desk.append(2);
    desk.clock.advance(seconds(5));
    desk.broker.connect();
    static_cast<void>(desk.turn_and_take());
    REQUIRE(desk.broker.statuses.size() == 1);
    const BrokerMessage status = desk.broker.statuses[0].message;
    CHECK(status.topic == "lpr/v1/dev/gate-1/status");
    CHECK(status.retained);
    CHECK(status.content_type == "application/json");
    const auto json = nlohmann::json::parse(as_text(status.payload));
    CHECK(json["state"] == "up");
    CHECK(json["device"] == "gate-1");
    CHECK(json["chain"] == to_string(desk.head.chain));
    CHECK(json["last_seq"] == 2);
    CHECK(json["spool"]["items"] == 2);
    CHECK(json["spool"]["bytes"] == 600);
    CHECK(json["spool"]["oldest_age_s"] == 5);
    CHECK(json["counters"]["published"] == 2);
    CHECK(json["counters"]["received"] == 0);
    desk.clock.advance(seconds(59));
    static_cast<void>(desk.turn_and_take());
    CHECK(desk.broker.statuses.size() == 1);
    desk.clock.advance(seconds(1));
    static_cast<void>(desk.turn_and_take());
    CHECK(desk.broker.statuses.size() == 2);
}

TEST_CASE("the status comes at its pace alone: what passes meanwhile makes none") {
    Desk desk({.status_interval = seconds(60)});
    desk.broker.connect();
    static_cast<void>(desk.turn_and_take());
    for (int i = 0; i < 59; ++i) {
        desk.append(1 + i % 3);
        desk.clock.advance(seconds(1));
        static_cast<void>(desk.turn_and_take());
        desk.broker.accept_all();
    }
    CHECK(desk.broker.statuses.size() == 1);
}

TEST_CASE("Home Assistant is told after each connect when it is switched on, else never") {
    for (const bool on : {false, true}) {
        UplinkSettings settings;
        if (on) settings.discovery = BrokerMessage{.topic = "homeassistant/device/portcullis-gate-1/config"};
        Desk desk(settings);
        const auto told = [&] {
            std::size_t count = 0;
            for (const auto& one : desk.broker.published)
                count += one.message.topic.starts_with("homeassistant/") ? 1 : 0;
            return count;
        };
        desk.broker.connect();
        desk.turn();
        CHECK(told() == (on ? 1 : 0));
        desk.clock.advance(seconds(120));
        desk.turn();
        CHECK(told() == (on ? 1 : 0));
        desk.broker.disconnect();
        desk.turn();
        desk.broker.connect();
        desk.turn();
        CHECK(told() == (on ? 2 : 0));
    }
}

TEST_CASE("a clean end leaves its word, and the will is the same topic") {
    Desk desk;
    desk.broker.connect();
    desk.turn();
    desk.broker.published.clear();
    desk.uplink->say_goodbye();
    REQUIRE(desk.broker.published.size() == 1);
    CHECK(nlohmann::json::parse(as_text(desk.broker.published[0].message.payload))["state"] == "stopped");
    const BrokerMessage will = farewell_message("gate-1", "lost");
    CHECK(will.topic == desk.broker.published[0].message.topic);
    CHECK(will.retained);
    CHECK(nlohmann::json::parse(as_text(will.payload))["state"] == "lost");
}

TEST_CASE("Home Assistant's message that the broker refuses is told once with the cure, the status goes on") {
    UplinkSettings settings;
    settings.discovery = discovery_message("homeassistant", "gate-1", "0.1.0");
    Desk desk(settings);
    const auto discovery = [&desk] {
        auto items = desk.turn_and_take();
        REQUIRE(items.size() == 1);
        CHECK(items[0].message.topic == "homeassistant/device/portcullis-gate-1/config");
        return items[0].token;
    };
    const CapturedLog log(desk.dir.path() / "log");
    for (int connects = 1; connects <= 3; ++connects) {
        desk.broker.connect();
        desk.broker.deny(discovery());
        desk.turn();
        CHECK(log.count("what Home Assistant is to be told") == 1);
        CHECK(desk.broker.take_items().empty());  // not again before the next connect
        desk.broker.disconnect();
    }
    CHECK(desk.broker.statuses.size() == 3);
    const std::string told = log.text();
    for (const char* word :
         {"topic=homeassistant/device/portcullis-gate-1/config", "not authorized",
          "let 'gate-1' publish that topic, retained", "discovery = false in [home_assistant]"})
        CHECK(told.find(word) != std::string::npos);
    CHECK(desk.uplink->counters().denied == 0);  // no item of the spool
    desk.clock.advance(seconds(60));
    // Taken, and refused again later: that is told anew. A line that breaks before the answer is no refusal.
    desk.broker.connect();
    desk.broker.accept(discovery());
    desk.turn();
    desk.broker.disconnect();
    desk.broker.connect();
    static_cast<void>(discovery());
    desk.broker.disconnect();
    desk.turn();
    CHECK(log.count("what Home Assistant is to be told") == 1);
    desk.broker.connect();
    desk.broker.deny(discovery());
    desk.turn();
    CHECK(log.count("what Home Assistant is to be told") == 2);
}
