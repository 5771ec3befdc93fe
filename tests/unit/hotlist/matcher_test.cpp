// Which entries a read may be of.
#include "hotlist/hotlist_matcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "core/plate_question.hpp"
#include "crossing/plate_distance.hpp"
#include "support/hotlists.hpp"
#include "support/rounds.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const IsOfSite at_the_bridge = [](std::string_view site) { return site == "bridge"; };
const IsOfSite at_the_depot = [](std::string_view site) { return site == "depot"; };

}  // namespace

TEST_CASE("a read hits the entry that it is alike, with its distance, and no other") {
    const HotlistMatcher matcher(sample_hotlist(now));
    const auto look_alike = matcher.match("AB12CDE", now, at_the_bridge);
    REQUIRE(look_alike.size() == 1);
    CHECK(look_alike[0].entry->plate == "A8I2CDE");
    CHECK(look_alike[0].distance == 2);
    CHECK(matcher.match("A8I2CDE", now, at_the_bridge).at(0).distance == 0);
    for (const char* another : {"", "A", "AB12CDF", "AB12CD", "AB12CDEE", "8AI2CDE"})
        CHECK(matcher.match(another, now, at_the_bridge).empty());
}

TEST_CASE("an entry counts until its last day is over, and at its sites") {
    const HotlistMatcher matcher(sample_hotlist(now));
    CHECK(matcher.match("LA77TER", now + 30 * day, at_the_bridge).size() == 1);
    CHECK(matcher.match("LA77TER", now + 31 * day, at_the_bridge).empty());
    CHECK(matcher.match("LA77TER", now, at_the_depot).empty());
    CHECK(matcher.match("ZZ11ZZZ", now, at_the_depot).size() == 1);  // of no site: of all
    CHECK(matcher.in_force(now) == 3);
    CHECK(matcher.in_force(now + 31 * day) == 0);
}

TEST_CASE("of one case the nearest entry is hit, of two cases both are") {
    Hotlist list{
        "test-fleet", 7, now, {wanted("B0SS", now), wanted("BOSS", now), wanted("BOSS", now, "2026-200")}};
    const HotlistMatcher matcher(list);
    const auto matches = matcher.match("BOSS", now, at_the_bridge);
    REQUIRE(matches.size() == 2);
    CHECK(matches[0].entry->case_number == "2026-117");
    CHECK(matches[0].distance == 0);
    CHECK(matches[1].entry->case_number == "2026-200");
    CHECK(matcher.match("80S5", now, at_the_bridge).at(0).entry->plate == "B0SS");
}

TEST_CASE(
    "property: two texts are alike when the plate index says so, each look-alike one step of distance") {
    std::mt19937 random(4);
    constexpr std::string_view signs = "O0I1B8S5AX";  // each look-alike beside the other
    const auto plate = [&] {
        std::string text(5, 'A');
        for (char& sign : text)
            sign = signs[random() % signs.size()];
        return text;
    };
    /// Each sign stays, or becomes its look-alike; with A and X that is another plate.
    const auto misread = [&](std::string text) {
        for (char& sign : text)
            if (random() % 4 == 0) sign = signs[signs.find(sign) ^ 1U];
        return text;
    };
    std::size_t hits = 0;
    for (int round = 0; round < rounds_or(1000); ++round) {
        const std::string listed = plate();
        const std::string text = random() % 4 == 0 ? plate() : misread(listed);
        const HotlistMatcher matcher(Hotlist{"test-fleet", 7, now, {wanted(listed, now)}});
        const auto matches = matcher.match(text, now, at_the_bridge);
        PlateQuestion question;
        question.plate = listed;
        question.look_alike = true;
        REQUIRE(matches.empty() == !fits(must(checked(question)), text));
        if (matches.empty()) continue;
        ++hits;
        std::uint64_t different = 0;
        for (std::size_t i = 0; i < text.size(); ++i)
            different += text[i] != listed[i] ? 1U : 0U;
        CHECK(matches[0].distance == different);
    }
    CHECK(hits > 0);
}
