#include <doctest/doctest.h>

#include <csignal>

#include "health/service.hpp"
#include "support/fake_clock.hpp"

using namespace portcullis;

TEST_CASE("a heartbeat's age grows with the clock and a beat makes it young again") {
    test::FakeClock clock;
    Heartbeat heartbeat(clock);
    clock.advance(std::chrono::seconds(3));
    CHECK(heartbeat.age() == std::chrono::seconds(3));
    heartbeat.beat();
    CHECK(heartbeat.age() == std::chrono::seconds(0));
}

TEST_CASE("SIGTERM asks to stop, SIGHUP is counted") {
    auto signal = StopSignal::create();
    REQUIRE(signal);
    CHECK_FALSE(signal->token().stop_requested());
    REQUIRE(::kill(::getpid(), SIGHUP) == 0);
    REQUIRE(::kill(::getpid(), SIGTERM) == 0);
    CHECK(signal->wait(std::chrono::minutes(1)));
    CHECK(signal->hangups() == 1);
}
