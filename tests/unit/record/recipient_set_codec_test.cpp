#include "record/recipient_set_codec.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

namespace {

RecipientSet sample() {
    const auto day = *day_from_string("2026-11-25");
    return {"north",
            7,
            UtcTime(day) + std::chrono::hours(8),
            {{Purpose::read, day, {std::byte{1}, std::byte{0xab}}}, {Purpose::plate, day, {std::byte{2}}}}};
}

}  // namespace

TEST_CASE("a recipient set has one text") {
    const std::string text = encode_recipient_set(sample()).value();
    CHECK(
        text ==
        R"({"v":1,"kind":"recipients","fleet":"north","version":7,"t":1795593600000000,"entries":[)"
        R"({"purpose":"read","epoch":"2026-11-25","cert":"01ab"},{"purpose":"plate","epoch":"2026-11-25","cert":"02"}]})");
    CHECK(parse_recipient_set(text).value() == sample());
}

TEST_CASE("days are days of the calendar in one spelling") {
    CHECK(to_string(*day_from_string("2028-02-29")) == "2028-02-29");
    for (const char* text : {"", "2026-1-25", "2026-02-29", "2026-13-01", "2026-00-10", "1969-12-31",
                             "2026-11-25 ", "2026/11/25", "+026-11-25", "20a6-11-25"})
        CHECK_MESSAGE(!day_from_string(text), text);
}

TEST_CASE("a recipient set out of its ranges has no text") {
    const auto changed = [](auto change) {
        RecipientSet set = sample();
        change(set);
        return encode_recipient_set(set).has_value();
    };
    CHECK_FALSE(changed([](RecipientSet& set) { set.version = 0; }));
    CHECK_FALSE(changed([](RecipientSet& set) { set.fleet = "a\"b"; }));
    CHECK_FALSE(changed([](RecipientSet& set) { set.entries.clear(); }));
    CHECK_FALSE(
        changed([](RecipientSet& set) { set.entries.erase(set.entries.begin()); }));  // nobody for reads
    CHECK_FALSE(changed([](RecipientSet& set) { std::swap(set.entries[0], set.entries[1]); }));
    CHECK_FALSE(changed([](RecipientSet& set) { set.entries[1] = set.entries[0]; }));
    CHECK_FALSE(changed([](RecipientSet& set) { set.entries[0].certificate.clear(); }));
    CHECK_FALSE(
        changed([](RecipientSet& set) { set.entries[0].certificate.resize(max_recipient_bytes + 1); }));
}

TEST_CASE("a text that the writer would not write is refused") {
    const std::string good = encode_recipient_set(sample()).value();
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return parse_recipient_set(text).has_value();
    };
    CHECK_FALSE(with("01ab", "01AB"));
    CHECK_FALSE(with("01ab", "01a"));
    CHECK_FALSE(with(":7,", ":07,"));
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("recipients", "receipt"));
    CHECK_FALSE(with("\"plate\"", "\"faces\""));
    CHECK_FALSE(with("2026-11-25", "2026-02-30"));
    CHECK_FALSE(with("}]}", "}] }"));
    CHECK_FALSE(parse_recipient_set(good + " ").has_value());
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK_FALSE(parse_recipient_set(good.substr(0, length)).has_value());
}
