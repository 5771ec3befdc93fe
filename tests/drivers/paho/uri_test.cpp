#include "drivers/broker/paho/uri.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

TEST_CASE("a broker address gives its host and Paho's form") {
    const auto uri = parse_broker_uri("mqtts://broker.example:8883");
    REQUIRE(uri);
    CHECK(uri->host == "broker.example");
    CHECK(uri->paho == "ssl://broker.example:8883");
    CHECK(parse_broker_uri("mqtts://[::1]:8883").value().host == "::1");
}

TEST_CASE("a wrong broker address is a configuration error that shows the right form") {
    for (const char* text :
         {"", "mqtt://host:1883", "tcp://host:1883", "host:8883", "mqtts://host",
          "mqtts://host:", "mqtts://host:0", "mqtts://host:65536", "mqtts://host:88x", "mqtts://:8883",
          "mqtts://user@host:8883", "mqtts://host:8883/path", "mqtts://::1:8883"}) {
        CAPTURE(text);
        const auto uri = parse_broker_uri(text);
        REQUIRE_FALSE(uri);
        CHECK(uri.error().code() == ErrorCode::configuration);
        CHECK(uri.error().message().find("mqtts://host:port") != std::string::npos);
    }
}
