#include <doctest/doctest.h>

#include <csignal>

#include "health/service.hpp"
#include "support/fake_clock.hpp"

using namespace portcullis;

TEST_CASE("SIGTERM asks to stop, SIGHUP is counted") {
    auto signal = StopSignal::create();
    REQUIRE(signal);
    CHECK_FALSE(signal->token().stop_requested());
    REQUIRE(::kill(::getpid(), SIGHUP) == 0);
    REQUIRE(::kill(::getpid(), SIGTERM) == 0);
    CHECK(signal->wait(std::chrono::minutes(1)));
    CHECK(signal->hangups() == 1);
}
