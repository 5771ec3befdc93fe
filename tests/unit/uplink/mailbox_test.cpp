#include "uplink/mailbox.hpp"

#include <doctest/doctest.h>

#include "base/thread.hpp"

using namespace portcullis;

TEST_CASE("what the broker tells comes out in order, once") {
    Mailbox mailbox;
    const BrokerHandlers handlers = mailbox.handlers();
    handlers.state(true, "up");
    handlers.accepted(7, {});
    handlers.message({.topic = "t"});
    const auto events = mailbox.take();
    REQUIRE(events.size() == 3);
    CHECK(std::get<StateEvent>(events[0]).connected);
    CHECK(std::get<AcceptedEvent>(events[1]).token == 7);
    CHECK(std::get<BrokerMessage>(events[2]).topic == "t");
    CHECK(mailbox.take().empty());
}

TEST_CASE("a flood of messages is dropped and counted, the broker's answers are not") {
    Mailbox mailbox;
    const BrokerHandlers handlers = mailbox.handlers();
    for (std::size_t i = 0; i < max_waiting_messages + 10; ++i)
        handlers.message({.topic = "t"});
    handlers.accepted(7, {});
    CHECK(mailbox.take().size() == max_waiting_messages + 1);
    CHECK(mailbox.dropped() == 10);
    handlers.message({.topic = "t"});
    CHECK(mailbox.take().size() == 1);
}

TEST_CASE("states in a row become one: the last") {
    Mailbox mailbox;
    const BrokerHandlers handlers = mailbox.handlers();
    for (int i = 0; i < 1000; ++i)
        handlers.state(false, std::to_string(i));
    const auto events = mailbox.take();
    REQUIRE(events.size() == 1);
    CHECK(std::get<StateEvent>(events[0]).reason == "999");
}

TEST_CASE("an event ends the wait, stop ends wait and pause") {
    Mailbox mailbox;
    std::stop_source stop;
    {
        const auto sender =
            start_thread("sender", [&](const std::stop_token&) { mailbox.handlers().accepted(1, {}); });
        mailbox.wait(stop.get_token(), std::chrono::hours(1));
    }
    CHECK(mailbox.take().size() == 1);
    const auto stopper = start_thread("stopper", [&](const std::stop_token&) { stop.request_stop(); });
    mailbox.pause(stop.get_token(), std::chrono::hours(1));
    mailbox.wait(stop.get_token(), std::chrono::hours(1));
}
