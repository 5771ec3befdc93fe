// What topic and user properties say of a message: hints, each of which is read strictly.
#include "collector/ingest/incoming.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace portcullis;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

BrokerMessage message_with(std::string topic, Pairs properties) {
    BrokerMessage message;
    message.topic = std::move(topic);
    message.properties = std::move(properties);
    return message;
}

const std::string reads = "lpr/v1/dev/gate-1/read";
const std::string chain = "0123456789abcdef";

}  // namespace

TEST_CASE("a message says whose it is and where it belongs") {
    const auto item =
        parse_incoming(message_with(reads, {{"v", "1"}, {"kind", "read"}, {"chain", chain}, {"seq", "7"}}));
    REQUIRE(item);
    CHECK(item->device == "gate-1");
    CHECK(item->kind == ItemKind::read);
    CHECK(item->seq == 7);
    const std::string topic = "lpr/v1/dev/gate-1/" + std::string(topic_leaf(ItemKind::tombstone));
    const auto span = parse_incoming(message_with(
        topic,
        {{"v", "1"}, {"kind", "tombstone"}, {"chain", chain}, {"seq", "9"}, {"first", "4"}, {"last", "9"}}));
    REQUIRE(span);
    CHECK(span->first == 4);
    CHECK(span->last == 9);
}

TEST_CASE(
    "a message whose hints are missing, doubled or beside what may stand there is refused, and says why") {
    struct Row {
        std::string topic;
        Pairs properties;
        std::string_view why;
    };
    const Pairs good{{"v", "1"}, {"kind", "read"}, {"chain", chain}, {"seq", "7"}};
    const auto with = [&](Pairs properties, const std::string& name, const std::string& value) {
        for (auto& [key, old] : properties)
            if (key == name) old = value;
        return properties;
    };
    const auto without = [](Pairs properties, const std::string& name) {
        std::erase_if(properties, [&](const auto& pair) { return pair.first == name; });
        return properties;
    };
    const auto and_also = [](Pairs properties, const std::string& name, const std::string& value) {
        properties.emplace_back(name, value);
        return properties;
    };
    Pairs many = good;
    for (int i = 0; i < 100; ++i)
        many.emplace_back("x" + std::to_string(i), "");
    const std::string topic = "lpr/v1/dev/gate-1/" + std::string(topic_leaf(ItemKind::tombstone));
    const Pairs span{{"v", "1"},   {"kind", "tombstone"}, {"chain", chain},
                     {"seq", "9"}, {"first", "4"},        {"last", "9"}};
    const std::vector<Row> rows{
        {"other/gate-1/read", good, "the topic names no device"},
        {"lpr/v1/dev/-/read", good, "the topic names no device"},
        {reads, many, "user properties"},
        {reads, and_also(good, "seq", "8"), "stands there twice"},
        {reads, without(good, "v"), "'v' is missing"},
        {reads, with(good, "v", "2"), "'v' is not 1"},
        {reads, without(good, "kind"), "'kind' is missing"},
        {reads, with(good, "kind", "film"), "'kind' is not known"},
        {"lpr/v1/dev/gate-1/media", good, "does not fit the kind 'read'"},
        {reads, without(good, "chain"), "'chain' is missing"},
        {reads, with(good, "chain", "0123"), "16 hex digits"},
        {reads, without(good, "seq"), "'seq' is missing"},
        {reads, with(good, "seq", ""), "'seq' is not a number"},
        {reads, with(good, "seq", "0"), "'seq' is not a number"},
        {reads, with(good, "seq", "07"), "'seq' is not a number"},
        {reads, with(good, "seq", "7x"), "'seq' is not a number"},
        {reads, with(good, "seq", "99999999999999999999"), "'seq' is not a number"},
        {reads, with(good, "seq", std::to_string(max_seq + 1)), "'seq' is not a number"},
        {topic, without(span, "first"), "'first' is missing"},
        {topic, without(span, "last"), "'last' is missing"},
        {topic, with(span, "first", "10"), "'first' is above 'last'"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.why);
        const auto incoming = parse_incoming(message_with(row.topic, row.properties));
        REQUIRE_FALSE(incoming);
        CHECK(incoming.error().code() == ErrorCode::refused);
        CHECK(incoming.error().message().find(row.why) != std::string::npos);
    }
}
