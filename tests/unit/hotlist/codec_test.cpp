// The texts of a hotlist and of a hit: one spelling each.
#include <doctest/doctest.h>

#include <functional>
#include <random>

#include "record/hotlist_codec.hpp"
#include "support/hotlists.hpp"
#include "support/rounds.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string words(std::mt19937& random, std::size_t most, std::string_view signs) {
    std::string text;
    for (std::size_t left = 1 + random() % most; left > 0; --left)
        text += signs[random() % signs.size()];
    return text;
}

HotlistEntry random_entry(std::mt19937& random, const std::string& plate) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    HotlistEntry entry = wanted(plate, now, words(random, max_hotlist_word_bytes, letters));
    entry.jurisdiction = random() % 2 == 0 ? "" : words(random, 5, letters);
    entry.why = words(random, max_hotlist_why_bytes, letters);
    entry.by = words(random, max_hotlist_word_bytes, letters);
    for (char site = 'a'; site < 'd'; ++site)
        if (random() % 2 == 0) entry.sites.push_back("site-" + std::string(1, site));
    entry.until = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(random() % 92);
    return entry;
}

}  // namespace

TEST_CASE("a hotlist's text is padded to whole blocks and reads back as it was") {
    const Hotlist list = sample_hotlist(now);
    const std::string text = must(encode_hotlist(list));
    CHECK(text.starts_with(R"({"v":1,"kind":"hotlist","fleet":"test-fleet","version":7,"t":)"));
    CHECK(text.size() == hotlist_block_bytes);
    CHECK(must(parse_hotlist(text)) == list);
    Hotlist longer = list;
    longer.entries[2].plate = "ZZ11ZZZZZZZZ";
    CHECK(must(encode_hotlist(longer)).size() == text.size());
}

TEST_CASE("property: whatever list is written, it reads back as it was") {
    std::mt19937 random(20261127);
    for (int round = 0; round < rounds_or(50); ++round) {
        Hotlist list{"test-fleet", 1 + random() % 1000, now, {}};
        const std::size_t size = random() % 60;
        for (std::size_t i = 0; i < size; ++i)
            list.entries.push_back(random_entry(random, fmt::format("P{:04}{}", i, random() % 10)));
        const std::string text = must(encode_hotlist(list));
        CHECK(text.size() % hotlist_block_bytes == 0);
        CHECK(must(parse_hotlist(text)) == list);
    }
}

TEST_CASE("property: a text with a byte changed or cut off is refused, or says another thing") {
    const Hotlist list = sample_hotlist(now);
    const std::string text = must(encode_hotlist(list));
    std::mt19937 random(7);
    for (int round = 0; round < rounds_or(300); ++round) {
        std::string changed = text;
        changed[random() % 900] ^= static_cast<char>(1U << random() % 7);
        const auto read = parse_hotlist(changed);
        CHECK((!read || !(*read == list)));
        CHECK_FALSE(parse_hotlist(text.substr(0, random() % text.size())));
    }
}

TEST_CASE("what an entry may not be is told by its number and field, without its plate") {
    struct Row {
        const char* field;
        std::function<void(HotlistEntry&)> spoil;
    };
    const Row rows[] = {
        {"plate", [](HotlistEntry& entry) { entry.plate = "Z"; }},
        {"plate", [](HotlistEntry& entry) { entry.plate = "ZZ?1"; }},
        {"plate", [](HotlistEntry& entry) { entry.plate = std::string(25, 'Z'); }},
        {"purpose", [](HotlistEntry& entry) { entry.purpose.clear(); }},
        {"case", [](HotlistEntry& entry) { entry.case_number = "  "; }},
        {"why", [](HotlistEntry& entry) { entry.why.clear(); }},
        {"why", [](HotlistEntry& entry) { entry.why = std::string(max_hotlist_why_bytes + 1, 'w'); }},
        {"by", [](HotlistEntry& entry) { entry.by.clear(); }},
        {"sites",
         [](HotlistEntry& entry) {
             entry.sites = {"tunnel", "bridge"};
         }},
        {"sites", [](HotlistEntry& entry) { entry.sites.assign(2, "bridge"); }},
        {"until", [](HotlistEntry& entry) { entry.until += std::chrono::days(63); }},
        {"ascending", [](HotlistEntry& entry) { entry = wanted("A8I2CDE", now); }},
    };
    for (const Row& row : rows) {
        CAPTURE(row.field);
        Hotlist list = sample_hotlist(now);
        row.spoil(list.entries[2]);
        const auto text = encode_hotlist(list);
        REQUIRE_FALSE(text);
        CHECK(text.error().message().find(row.field) != std::string::npos);
        CHECK(text.error().message().find("ZZ") == std::string::npos);
    }
    Hotlist many{"test-fleet", 7, now, {}};
    for (std::size_t i = 0; i <= max_hotlist_entries; ++i)
        many.entries.push_back(wanted(fmt::format("P{:05}", i), now));
    CHECK_FALSE(encode_hotlist(many));
    many.entries.pop_back();
    CHECK(must(parse_hotlist(must(encode_hotlist(many)))) == many);
}

TEST_CASE("a hit reads back as it was, and knows when another jurisdiction was read") {
    HotlistHit hit = sample_hit(now);
    CHECK(must(parse_hit(must(encode_hit(hit)))) == hit);
    CHECK_FALSE(hit.is_elsewhere());
    hit.jurisdiction = "nl";
    CHECK(hit.is_elsewhere());
    hit.jurisdiction = "unknown";
    CHECK_FALSE(hit.is_elsewhere());
    hit.device = "..";
    CHECK_FALSE(encode_hit(hit));
}
