#include "record/destruction_codec.hpp"

#include <doctest/doctest.h>

#include "record/canonical.hpp"

using namespace portcullis;

namespace {

/// The number-th key id of many, in their order.
std::string id(int number) {
    return fmt::format("{:040x}", number);
}

ChainId hold(std::size_t number) {
    ChainId id;
    id.bytes[6] = static_cast<std::byte>(number / 256);
    id.bytes[7] = static_cast<std::byte>(number % 256);
    return id;
}

Destruction sample() {
    const auto day = *day_from_string("2026-11-25");
    return {day, {id(10), id(11)}, 3, UtcTime(day) + std::chrono::hours(32)};
}

}  // namespace

TEST_CASE("a destruction has one text") {
    const std::string text = encode_destruction(sample()).value();
    CHECK(
        text ==
        R"({"v":1,"kind":"destruction","epoch":"2026-11-25","keys":["000000000000000000000000000000000000000a",)"
        R"("000000000000000000000000000000000000000b"],"left":3,"t":1795680000000000})");
    CHECK(parse_destruction(text).value() == sample());
}

TEST_CASE("a destruction of as many keys as an epoch may have fits, one more has no text") {
    Destruction full = sample();
    full.left = max_json_integer;
    full.keys.clear();
    for (int number = 0; number < static_cast<int>(max_destroyed_keys); ++number)
        full.keys.push_back(id(number));
    full.schedule = {max_json_integer, Digest{}};
    for (std::size_t number = 0; number < max_named_holds; ++number)
        full.holds.push_back(hold(number));
    const std::string text = encode_destruction(full).value();
    CHECK(text.size() <= max_destruction_bytes);
    CHECK(parse_destruction(text).value() == full);
    full.keys.push_back(id(99));
    CHECK(encode_destruction(full).error().message().find("keys") != std::string::npos);
    std::string longer = text;
    longer.insert(longer.find("],\"left\""), ",\"" + id(99) + "\"");
    CHECK(parse_destruction(longer).error().code() == ErrorCode::refused);
}

TEST_CASE("a destruction names the legal holds that keep something of it, if there are any") {
    Destruction kept = sample();
    kept.holds = {hold(1), hold(258)};
    const std::string text = encode_destruction(kept).value();
    CHECK(text.find(R"("left":3,"holds":["0000000000000001","0000000000000102"],"t":)") != std::string::npos);
    CHECK(parse_destruction(text).value() == kept);
    std::string none = encode_destruction(sample()).value();
    none.insert(none.find(",\"t\""), R"(,"holds":[])");
    CHECK(parse_destruction(none).error().code() == ErrorCode::refused);
    for (std::size_t length = 0; length < text.size(); ++length)
        CHECK_FALSE(parse_destruction(text.substr(0, length)).has_value());
    for (std::size_t number = 0; number < max_named_holds; ++number)
        kept.holds.push_back(hold(300 + number));
    CHECK(encode_destruction(kept).error().message().find("holds") != std::string::npos);
}

TEST_CASE("a destruction out of its ranges has no text, and the error names the field") {
    const auto fault = [](auto change) {
        Destruction one = sample();
        change(one);
        const auto text = encode_destruction(one);
        return text ? std::string() : text.error().message();
    };
    const auto names = [](const std::string& message, std::string_view field) {
        return message.find(field) != std::string::npos;
    };
    CHECK(names(fault([](Destruction& one) { one.keys.clear(); }), "keys"));
    CHECK(names(fault([](Destruction& one) { std::swap(one.keys[0], one.keys[1]); }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.keys[1] = one.keys[0]; }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.keys[1].pop_back(); }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.keys[1].push_back('0'); }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.keys[1].back() = 'B'; }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.keys[1].back() = 'g'; }), "keys"));
    CHECK(names(fault([](Destruction& one) { one.holds = {hold(2), hold(1)}; }), "holds"));
    CHECK(names(fault([](Destruction& one) { one.holds = {hold(1), hold(1)}; }), "holds"));
    CHECK(names(fault([](Destruction& one) { one.left = max_json_integer + 1; }), "left"));
    CHECK(names(fault([](Destruction& one) { one.time = UtcTime(microseconds(-1)); }), "t"));
    CHECK(fault([](Destruction& one) { one.left = 0; }).empty());
}

TEST_CASE("a destruction's text that the writer would not write is refused") {
    const std::string good = encode_destruction(sample()).value();
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        const auto parsed = parse_destruction(text);
        REQUIRE((parsed || parsed.error().code() == ErrorCode::refused));
        return parsed.has_value();
    };
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("destruction", "recipients"));
    CHECK_FALSE(with("2026-11-25", "2026-02-30"));
    CHECK_FALSE(with("2026-11-25", "2026-11-5"));
    CHECK_FALSE(with("000a", "000A"));
    CHECK_FALSE(with("000a", "00a"));
    CHECK_FALSE(with("000a", "000c"));  // the first behind the second
    CHECK_FALSE(with("\"left\":3", "\"left\":03"));
    CHECK_FALSE(with("\"left\":3", "\"left\":-3"));
    CHECK_FALSE(with("\"left\":3", "\"left\":9007199254740992"));
    CHECK_FALSE(with("\"t\":1", "\"t\": 1"));
    CHECK_FALSE(with("\"left\"", "\"kept\""));
    CHECK(with("\"left\":3", "\"left\":4"));
}

TEST_CASE("a destruction's text that is cut anywhere, or goes on, is refused") {
    const std::string good = encode_destruction(sample()).value();
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK_FALSE(parse_destruction(good.substr(0, length)).has_value());
    for (const std::string& more : {std::string(" "), std::string("}"), std::string(1, '\0'),
                                    std::string(2 * max_destruction_bytes, ' ')})
        CHECK_FALSE(parse_destruction(good + more).has_value());
    CHECK_FALSE(parse_destruction(std::string(2 * max_destruction_bytes, '[')).has_value());
}
