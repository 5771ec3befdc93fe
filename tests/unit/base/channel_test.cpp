#include <doctest/doctest.h>

#include <thread>

#include "base/channel.hpp"

using portcullis::Channel;
using portcullis::Overflow;

TEST_CASE("a channel gives values in the order in which they came") {
    Channel<int> channel(4, Overflow::block);
    for (int value : {1, 2, 3})
        REQUIRE(channel.send(value));
    CHECK(channel.receive() == 1);
    CHECK(channel.receive() == 2);
    CHECK(channel.receive() == 3);
}

TEST_CASE("a full drop_oldest channel drops the oldest value and counts it") {
    Channel<int> channel(2, Overflow::drop_oldest);
    for (int value : {1, 2, 3})
        REQUIRE(channel.send(value));
    CHECK(channel.dropped() == 1);
    CHECK(channel.receive() == 2);
    CHECK(channel.receive() == 3);
}

TEST_CASE("a closed channel refuses new values but gives out the queued ones") {
    Channel<int> channel(2, Overflow::block);
    REQUIRE(channel.send(7));
    channel.close();
    CHECK_FALSE(channel.send(8));
    CHECK(channel.receive() == 7);
    CHECK_FALSE(channel.receive().has_value());
}

TEST_CASE("a full block channel lets the sender go on once a value is taken") {
    Channel<int> channel(1, Overflow::block);
    REQUIRE(channel.send(1));
    std::jthread sender([&] { CHECK(channel.send(2)); });
    CHECK(channel.receive() == 1);
    CHECK(channel.receive() == 2);
    CHECK(channel.dropped() == 0);
}

TEST_CASE("a stop request wakes a waiting sender and its value is not taken") {
    Channel<int> channel(1, Overflow::block);
    REQUIRE(channel.send(1));
    bool taken = true;
    std::jthread sender([&](const std::stop_token& stop) { taken = channel.send(2, stop); });
    sender.request_stop();
    sender.join();
    CHECK_FALSE(taken);
    CHECK(channel.size() == 1);
}

TEST_CASE("a stop request wakes a waiting receiver") {
    Channel<int> channel(1, Overflow::block);
    std::optional<int> got = 5;
    std::jthread receiver([&](const std::stop_token& stop) { got = channel.receive(stop); });
    receiver.request_stop();
    receiver.join();
    CHECK_FALSE(got.has_value());
}
