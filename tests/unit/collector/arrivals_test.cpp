// Messages on their way into the store: in order, the devices in turn, and a flood crowds out itself alone.
#include "collector/ingest/arrivals.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/bytes.hpp"

using namespace portcullis;

namespace {

constexpr std::chrono::milliseconds at_once{0};
constexpr std::chrono::minutes patiently{10};

BrokerMessage message_of(const std::string& device, const std::string& text) {
    BrokerMessage message;
    message.topic = "lpr/v1/dev/" + device + "/read";
    message.payload = to_bytes(text);
    return message;
}

/// What is taken until nothing waits, as "topic's device:text".
std::vector<std::string> take_all(Arrivals& arrivals) {
    std::vector<std::string> taken;
    while (const auto message = arrivals.take(at_once)) {
        const std::string_view device = std::string_view(message->topic).substr(11);
        taken.push_back(fmt::format("{}:{}", device.substr(0, device.find('/')), as_text(message->payload)));
    }
    return taken;
}

}  // namespace

TEST_CASE("each device's messages come in their order, the devices in turn") {
    Arrivals arrivals(16);
    for (const char* text : {"1", "2", "3"})
        arrivals.push(message_of("gate-1", text));
    arrivals.push(message_of("gate-2", "a"));
    arrivals.push(message_of("gate-3", "x"));
    arrivals.push(message_of("gate-2", "b"));
    CHECK(take_all(arrivals) ==
          std::vector<std::string>{"gate-1:1", "gate-2:a", "gate-3:x", "gate-1:2", "gate-2:b", "gate-1:3"});
    CHECK(arrivals.dropped() == 0);
    CHECK_FALSE(arrivals.most_dropped());
}

TEST_CASE(
    "attack: one device floods, and no other one's message is dropped or waits for more than one of its") {
    constexpr std::size_t capacity = 64;
    constexpr std::uint64_t flood = 10'000;
    Arrivals arrivals(capacity);
    for (std::uint64_t number = 0; number < flood; ++number) {
        arrivals.push(message_of("hostile", std::to_string(number)));
        if (number % 1'000 == 0) arrivals.push(message_of("gate-1", std::to_string(number / 1'000)));
    }
    CHECK(arrivals.dropped() == flood + 10 - capacity);
    const auto most = arrivals.most_dropped();
    REQUIRE(most);
    CHECK(most->device == "hostile");
    CHECK(most->messages == arrivals.dropped());
    CHECK_FALSE(arrivals.most_dropped());  // it is told once
    const auto taken = take_all(arrivals);
    REQUIRE(taken.size() == capacity);
    for (std::size_t turn = 0; turn < 10; ++turn)
        CHECK(fmt::format("gate-1:{}", turn) == taken[2 * turn + (taken[0].starts_with("gate-1") ? 0 : 1)]);
    CHECK(taken.back() == fmt::format("hostile:{}", flood - 1));  // the oldest were dropped
}

TEST_CASE("messages under topics that name no device share one turn, and are crowded out as one") {
    Arrivals arrivals(4);
    for (const char* topic : {"", "lpr/v1/dev/", "lpr/v1/dev/../read", "other", "lpr/v2/dev/gate-1/read"}) {
        BrokerMessage message;
        message.topic = topic;
        arrivals.push(std::move(message));
    }
    arrivals.push(message_of("gate-1", "1"));
    CHECK(arrivals.dropped() == 2);
    CHECK(arrivals.most_dropped()->device.empty());
    CHECK(arrivals.take(at_once)->topic == "lpr/v1/dev/../read");
    CHECK(arrivals.take(at_once)->topic == "lpr/v1/dev/gate-1/read");
    CHECK(arrivals.take(at_once)->topic == "other");
    CHECK(arrivals.take(at_once)->topic == "lpr/v2/dev/gate-1/read");
    CHECK_FALSE(arrivals.take(at_once));
}

TEST_CASE(
    "a full house of one message each: the newest comes in, one goes, and its device stands in line no "
    "more") {
    Arrivals arrivals(3);
    for (const char* device : {"gate-1", "gate-2", "gate-3", "gate-4"})
        arrivals.push(message_of(device, "1"));
    CHECK(take_all(arrivals) == std::vector<std::string>{"gate-2:1", "gate-3:1", "gate-4:1"});
    arrivals.push(message_of("gate-1", "2"));
    CHECK(take_all(arrivals) == std::vector<std::string>{"gate-1:2"});
}

TEST_CASE("who takes waits for what comes, and a stop ends the wait") {
    Arrivals arrivals(4);
    std::optional<BrokerMessage> taken;
    {
        const std::jthread taker([&] { taken = arrivals.take(patiently); });
        arrivals.push(message_of("gate-1", "1"));
    }
    REQUIRE(taken);
    CHECK(as_text(taken->payload) == "1");
    {
        const std::jthread taker(
            [&](const std::stop_token& stop) { taken = arrivals.take(patiently, stop); });
    }  // asks it to stop, and waits for its end
    CHECK_FALSE(taken);
}
