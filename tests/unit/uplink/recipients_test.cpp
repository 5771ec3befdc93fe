// The fleet's recipient set, and its wanted tokens, go from the broker into the inbox as they came; the
// uplink has no say in them.
#include "desk.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

void deliver(Desk& desk, const std::string& topic, std::string_view text) {
    desk.broker.deliver({.topic = topic, .payload = to_bytes(text), .retained = true});
    desk.turn();
}

std::optional<std::string> handed(Desk& desk, std::string_view name = recipients_name) {
    const auto blob = desk.inbox.poll(name);
    return blob ? std::optional(std::string(as_text(*blob))) : std::nullopt;
}

}  // namespace

TEST_CASE("a recipient set of our fleet is handed to the reader as it came, and the next one after it") {
    Desk desk({.fleet = "north"});
    desk.broker.connect();
    CHECK(desk.uplink->policy_topics().contains("lpr/v1/cfg/north/recipients"));
    deliver(desk, "lpr/v1/cfg/north/recipients", "one");
    CHECK(handed(desk) == "one");
    CHECK_FALSE(handed(desk));
    deliver(desk, "lpr/v1/cfg/north/recipients", "two");
    CHECK(handed(desk) == "two");
}

TEST_CASE("another fleet's set, and any set without a fleet in the settings, is not handed on") {
    Desk desk({.fleet = "north"});
    desk.broker.connect();
    deliver(desk, "lpr/v1/cfg/south/recipients", "foreign");
    CHECK_FALSE(handed(desk));
    Desk plain;
    plain.broker.connect();
    CHECK(plain.uplink->policy_topics().empty());
    deliver(plain, "lpr/v1/cfg/north/recipients", "one");
    deliver(plain, "", "one");
    CHECK_FALSE(handed(plain));
}

TEST_CASE("wanted tokens of our fleet are handed on beside the recipient set, and no other fleet's") {
    Desk desk({.fleet = "north"});
    desk.broker.connect();
    CHECK(desk.uplink->policy_topics().size() == 2);
    CHECK(desk.uplink->policy_topics().contains("lpr/v1/cfg/north/wanted"));
    deliver(desk, "lpr/v1/cfg/south/wanted", "foreign");
    CHECK_FALSE(handed(desk, wanted_name));
    deliver(desk, "lpr/v1/cfg/north/wanted", "tokens");
    CHECK(handed(desk, wanted_name) == "tokens");
    CHECK_FALSE(handed(desk));
}

TEST_CASE("attack: a broker floods the uplink with sets that are too large: receipts still come through") {
    Desk desk({.fleet = "north"});
    desk.append(1);
    desk.broker.connect();
    desk.turn();
    desk.broker.accept_all();
    for (int i = 0; i < 10; ++i)
        deliver(desk, "lpr/v1/cfg/north/recipients", std::string(max_inbox_bytes + 1, 'x'));
    CHECK_FALSE(handed(desk));
    desk.deliver(desk.receipt(1));
    desk.turn();
    CHECK(desk.spooled() == 0);
}
