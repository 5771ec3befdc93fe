// The fleet's recipient set goes from the broker into the inbox as it came; the uplink has no say in it.
#include "desk.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

void deliver(Desk& desk, const std::string& topic, std::string_view text) {
    desk.broker.deliver({.topic = topic, .payload = to_bytes(text), .retained = true});
    desk.turn();
}

std::optional<std::string> handed(Desk& desk) {
    const auto blob = desk.inbox.poll(recipients_name);
    return blob ? std::optional(std::string(as_text(*blob))) : std::nullopt;
}

}  // namespace

TEST_CASE("a recipient set of our fleet is handed to the reader as it came, and the next one after it") {
    Desk desk({.fleet = "north"});
    desk.broker.connect();
    CHECK(desk.uplink->set_topic() == "lpr/v1/cfg/north/recipients");
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
    CHECK(plain.uplink->set_topic().empty());
    deliver(plain, "lpr/v1/cfg/north/recipients", "one");
    deliver(plain, "", "one");
    CHECK_FALSE(handed(plain));
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
