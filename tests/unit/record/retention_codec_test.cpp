#include "record/retention_codec.hpp"

#include <doctest/doctest.h>

#include "record/destruction_codec.hpp"

using namespace portcullis;

namespace {

using std::chrono::days;
using std::chrono::minutes;

RetentionSchedule sample() {
    const auto day = *day_from_string("2026-11-25");
    return {
        7,
        UtcTime(day) + std::chrono::hours(8),
        {{"north", Purpose::read, days(1), days(30)}, {"south", Purpose::overview, minutes(10), minutes(0)}}};
}

std::string fault(void (*change)(RetentionSchedule&)) {
    RetentionSchedule schedule = sample();
    change(schedule);
    const auto text = encode_retention(schedule);
    return text ? std::string() : text.error().message();
}

bool names(const std::string& message, std::string_view part) {
    INFO(message);
    return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a retention schedule has one text, with spans in minutes") {
    const std::string text = encode_retention(sample()).value();
    CHECK(text == R"({"v":1,"kind":"retention","version":7,"t":1795593600000000,"rules":[)"
                  R"({"fleet":"north","purpose":"read","epoch":1440,"keep":43200},)"
                  R"({"fleet":"south","purpose":"overview","epoch":10,"keep":0}]})");
    CHECK(parse_retention(text).value() == sample());
}

TEST_CASE("a retention schedule out of its ranges has no text, and the error says what is wrong") {
    CHECK(names(fault([](RetentionSchedule& one) { one.version = 0; }), "version"));
    CHECK(names(fault([](RetentionSchedule& one) { one.issued = UtcTime(minutes(-1)); }), "1970"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules.clear(); }), "0 rules"));
    CHECK(
        names(fault([](RetentionSchedule& one) { one.rules.resize(max_retention_rules + 1); }), "257 rules"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].fleet.clear(); }), "fleet"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].fleet = "a\"b"; }), "fleet"));
    CHECK(names(fault([](RetentionSchedule& one) { std::swap(one.rules[0], one.rules[1]); }), "order"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[1] = one.rules[0]; }), "twice"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].epoch = minutes(0); }),
                "1 minute to 366 days"));
    CHECK(
        names(fault([](RetentionSchedule& one) { one.rules[0].epoch = days(367); }), "1 minute to 366 days"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].epoch = minutes(7); }), "divides a day"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].epoch = minutes(1441); }), "whole days"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].keep = minutes(-1); }), "kept for"));
    CHECK(names(fault([](RetentionSchedule& one) { one.rules[0].keep = max_retention_keep + minutes(1); }),
                "kept for"));
    CHECK(fault([](RetentionSchedule& one) { one.rules[0].keep = max_retention_keep; }).empty());
    CHECK(fault([](RetentionSchedule& one) { one.rules[0].epoch = max_epoch_length; }).empty());
}

TEST_CASE("a retention schedule's text that is cut anywhere, goes on, or is written otherwise is refused") {
    const std::string good = encode_retention(sample()).value();
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK_FALSE(parse_retention(good.substr(0, length)).has_value());
    CHECK_FALSE(parse_retention(good + " ").has_value());
    CHECK_FALSE(parse_retention(std::string(2 * max_retention_text_bytes, '[')).has_value());
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        const auto parsed = parse_retention(text);
        REQUIRE((parsed || parsed.error().code() == ErrorCode::refused));
        return parsed.has_value();
    };
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("1440", "01440"));
    CHECK_FALSE(with("1440", "9007199254740991"));
    CHECK_FALSE(with("\"read\"", "\"reads\""));
    CHECK_FALSE(with("north", "x"));  // behind the south
    CHECK(with("43200", "43201"));
}

TEST_CASE("a schedule of as many rules as it may have fits") {
    RetentionSchedule full = sample();
    full.rules.clear();
    for (int number = 0; number < 64; ++number)
        for (const Purpose purpose : all_purposes)
            full.rules.push_back(
                {fmt::format("{:064}", number), purpose, max_epoch_length, max_retention_keep});
    REQUIRE(full.rules.size() == max_retention_rules);
    const std::string text = encode_retention(full).value();
    CHECK(text.size() <= max_retention_text_bytes);
    CHECK(parse_retention(text).value() == full);
}

TEST_CASE("a span has one text of a whole unit, and is read in any") {
    CHECK(span_text(minutes(90)) == "90 minutes");
    CHECK(span_text(minutes(60)) == "1 hour");
    CHECK(span_text(days(366)) == "366 days");
    CHECK(span_text(minutes(0)) == "0 days");
    for (const auto& [text, span] : {std::pair("1 minute", minutes(1)),
                                     {"10 minutes", minutes(10)},
                                     {"6 hours", minutes(360)},
                                     {"1 day", minutes(1440)},
                                     {"2 weeks", minutes(20160)},
                                     {"2 years", minutes(1051200)}})
        CHECK_MESSAGE(span_from_text(text) == span, text);
    for (const char* text : {"", "1", "day", "1 days ", "-1 day", "+1 day", "1.5 days", "1  day", "1 dayss",
                             "9999999 days", "99999999999999999999 days", "1 month"})
        CHECK_MESSAGE(!span_from_text(text), text);
}

TEST_CASE("an epoch begins at a minute, and a midnight has one spelling") {
    const EpochStart midnight = *day_from_string("2026-11-25");
    CHECK(to_string(midnight) == "2026-11-25");
    CHECK(to_string(midnight + minutes(390)) == "2026-11-25T06:30");
    CHECK(epoch_from_string("2026-11-25") == midnight);
    CHECK(epoch_from_string("2026-11-25T06:30") == midnight + minutes(390));
    CHECK(epoch_from_string("2026-11-25T00:01") == midnight + minutes(1));
    for (const char* text :
         {"", "2026-11-25T00:00", "2026-11-25T24:00", "2026-11-25T06:60", "2026-11-25T6:30",
          "2026-11-25 06:30", "2026-11-25T06-30", "2026-11-25T06:30Z", "2026-11-31T06:30", "2026-11-25T"})
        CHECK_MESSAGE(!epoch_from_string(text), text);
}

TEST_CASE("a destruction by a schedule names it, and is another text than one by hand") {
    const EpochStart epoch = *day_from_string("2026-11-25") + minutes(390);
    Destruction one{epoch, {std::string(key_id_letters, 'a')}, 3, UtcTime(epoch)};
    one.schedule = {7, Digest{std::byte{0xab}}};
    const std::string text = encode_destruction(one).value();
    CHECK(text.find(R"("epoch":"2026-11-25T06:30")") != std::string::npos);
    CHECK(text.find(R"("left":3,"schedule":"ab00)") != std::string::npos);
    CHECK(text.find(R"(00","version":7,"t":)") != std::string::npos);
    CHECK(parse_destruction(text).value() == one);
    for (std::size_t length = 0; length < text.size(); ++length)
        CHECK_FALSE(parse_destruction(text.substr(0, length)).has_value());
}
