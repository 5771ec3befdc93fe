// What may be asked, and what answers it.
#include "core/plate_question.hpp"

#include <doctest/doctest.h>

#include "record/payload.hpp"
#include "unit/index/index_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

static_assert(max_plate_letters == max_plate_characters);
static_assert(max_lane_bytes == max_name_bytes);

TEST_CASE("a plate is taken as a person writes it") {
    CHECK(must(checked(ask("ab-12 cd.e"))).plate == "AB12CDE");
    CHECK(must(checked(ask("a?1*"))).plate == "A?1*");
    PlateQuestion folded = ask("OIBS-7");
    folded.look_alike = true;
    CHECK(must(checked(folded)).plate == "01857");
    CHECK(must(checked(ask(std::string(24, 'A')))).plate.size() == 24);
}

TEST_CASE("bad questions are refused, and the refusal holds nothing of the plate") {
    const UtcTime one{std::chrono::seconds(1)};
    const UtcTime two{std::chrono::seconds(2)};
    std::vector<PlateQuestion> bad;
    for (const std::string& plate :
         {std::string(25, 'A'), std::string(1000, 'A'), std::string("AB'; DROP TABLE passage --"),
          std::string("AB%"), std::string("AB_"), std::string("\xc3\x84"), std::string("A\0B", 3),
          std::string(" - . ")})
        bad.push_back(ask(plate));
    for (const char* device : {"*", "gate-1'; --", "UPPER", "a-", "a*b", "-*", "**", "collector"}) {
        bad.emplace_back();
        bad.back().device = device;
    }
    bad.push_back({.from = two, .to = one});
    bad.push_back({.from = one, .to = one});
    bad.push_back({.from = UtcTime(microseconds(-1))});
    bad.push_back({.to = UtcTime::max()});
    bad.emplace_back();
    bad.back().lane = std::string(65, 'l');
    bad.emplace_back();
    bad.back().lane = "lane\n2";
    for (std::size_t i = 0; i < bad.size(); ++i) {
        CAPTURE(i);
        const auto refused = checked(bad[i]);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == ErrorCode::invalid_argument);
        CHECK(refused.error().message().find("AB") == std::string::npos);
        CHECK(refused.error().message().find("AAA") == std::string::npos);
    }
    PlateQuestion good;
    good.device = "north-*";
    good.lane = "Spur 2 'links' -- x";  // text is bound, never pasted: what looks like SQL is a lane's name
    CHECK(checked(good));
}

TEST_CASE("wildcards: ? is one character, * any number of them") {
    struct Row {
        const char* pattern;
        const char* text;
        bool fits;
    };
    const Row rows[] = {
        {"AB12", "AB12", true},   {"AB12", "AB123", false},
        {"AB1?", "AB12", true},   {"AB1?", "AB1", false},
        {"?B??", "AB12", true},   {"*", "AB12", true},
        {"*", "", false},         {"AB*", "AB", true},
        {"AB*", "AB12", true},    {"*12", "AB12", true},
        {"*12", "AB123", false},  {"A*2", "AB12", true},
        {"A*1*2", "AB122", true}, {"A*1*2", "AB2", false},
        {"**A**", "A", true},     {"*?*?*", "A", false},
        {"*?*?*", "AB", true},    {"*AAB", "AAAAB", true},
        {"", "AB12", true},       {"", "", true},
        {"AB12", "", false},      {"*A*A*A*A*A*B", "AAAAAAAAAAAAAAAAAAAAAAAA", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.pattern);
        CAPTURE(row.text);
        CHECK(fits(ask(row.pattern), row.text) == row.fits);
    }
    PlateQuestion folded = must(checked({.plate = "?OI*", .look_alike = true}));
    CHECK(fits(folded, "X0I7"));
    CHECK(fits(folded, "XO17"));
    CHECK_FALSE(fits(folded, "XQ17"));
}

TEST_CASE("only a whole plate can be looked up") {
    CHECK(ask("").is_partial());
    CHECK(ask("AB?2").is_partial());
    CHECK(ask("AB*").is_partial());
    CHECK_FALSE(ask("AB12").is_partial());
}
