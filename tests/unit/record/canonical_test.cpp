#include "record/canonical.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace portcullis;

namespace {

std::string decimal(float value, int decimals) {
    CanonicalWriter out(32);
    out.decimal("x", value, decimals, -1000, 1000);
    return std::move(out).finish().value_or("refused");
}

}  // namespace

TEST_CASE("a text is plain when it is UTF-8 that needs no escape") {
    CHECK(is_plain_text("lane 1", 64));
    CHECK(
        is_plain_text("S\xc3\xbc"
                      "d \xe4\xb8\x9c \xf0\x9f\x9a\x97",
                      64));
    CHECK(is_plain_text("", 0));
    CHECK_FALSE(is_plain_text("a\"b", 64));
    CHECK_FALSE(is_plain_text("a\\b", 64));
    CHECK_FALSE(is_plain_text("a\nb", 64));
    CHECK_FALSE(is_plain_text("a\x7f", 64));
}

TEST_CASE("a text that is broken UTF-8 is not plain") {
    CHECK_FALSE(is_plain_text("\xc3", 64));              // cut short
    CHECK_FALSE(is_plain_text("\xc0\xaf", 64));          // overlong
    CHECK_FALSE(is_plain_text("\xed\xa0\x80", 64));      // surrogate
    CHECK_FALSE(is_plain_text("\xf4\x90\x80\x80", 64));  // beyond U+10FFFF
    CHECK_FALSE(is_plain_text("\xc2\x85", 64));          // control character
}

TEST_CASE("a text over its limit is not plain") {
    CHECK(is_plain_text("abcd", 4));
    CHECK_FALSE(is_plain_text("abcde", 4));
}

TEST_CASE("any bytes can be made a plain text, whole characters up to the limit") {
    CHECK(to_plain_text("a\"b\\c\n", 64) == "a_b_c_");
    CHECK(to_plain_text("\xff\xfe", 64) == "__");
    CHECK(to_plain_text("ab\xc3\xbc", 3) == "ab");
}

TEST_CASE("a decimal has a fixed number of places and no negative zero") {
    CHECK(decimal(0.5F, 3) == "0.500");
    CHECK(decimal(-0.01F, 1) == "0.0");
    CHECK(decimal(-12.34F, 1) == "-12.3");
    CHECK(decimal(1000, 1) == "1000.0");
}

TEST_CASE("a decimal out of its range or not a number is refused") {
    CHECK(decimal(1000.5F, 1) == "refused");
    CHECK(decimal(std::numeric_limits<float>::quiet_NaN(), 1) == "refused");
    CHECK(decimal(std::numeric_limits<float>::infinity(), 1) == "refused");
}

TEST_CASE("an integer that JSON readers would round is refused by writer and reader") {
    CanonicalWriter out(32);
    out.integer("seq", max_json_integer + 1);
    CHECK_FALSE(std::move(out).finish());
    CanonicalReader in("9007199254740992");
    CHECK(in.integer("seq") == 0);
    CHECK(in.failed());
}

TEST_CASE("an integer has one spelling") {
    for (const char* text : {"01", "+1", "-1", " 1", "", "x", "99999999999999999999999999"}) {
        CanonicalReader in(text);
        static_cast<void>(in.integer("seq"));
        CHECK_FALSE(in.done());
    }
}

TEST_CASE("hex digits are lower case and of the exact count") {
    CanonicalReader good("\"0123456789abcdef\"");
    CHECK(to_string(good.chain("chain")) == "0123456789abcdef");
    CHECK(good.done());
    for (const char* text :
         {"\"0123456789ABCDEF\"", "\"0123\"", "\"0123456789abcdef00\"", "\"zz23456789abcdef\""}) {
        CanonicalReader in(text);
        static_cast<void>(in.chain("chain"));
        CHECK_FALSE(in.done());
    }
}

TEST_CASE("the first fault is the one that is told, and nothing is read after it") {
    CanonicalReader in("{\"a\":x}");
    in.literal("{\"a\":");
    CHECK(in.integer("a") == 0);
    in.literal("}");
    const Result<void> done = in.done();
    REQUIRE_FALSE(done);
    CHECK(done.error().message() == "record: not canonical at byte 5: expected a");
}

TEST_CASE("bytes after the end are refused") {
    CanonicalReader in("{}x");
    in.literal("{}");
    CHECK_FALSE(in.done());
}
