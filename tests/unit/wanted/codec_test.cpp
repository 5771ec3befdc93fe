// The text of wanted tokens: one spelling, and nothing in it that a device must not know.
#include "record/wanted_codec.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "support/wanted_list.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("tokens read back as they were, also none and as many as a hotlist may have") {
    WantedTokens many = sample_wanted(now);
    many.bits = max_wanted_bits;
    many.tokens.clear();
    for (std::uint32_t i = 0; i < max_wanted_tokens; ++i)
        many.tokens.push_back((1U << max_wanted_bits) - max_wanted_tokens + i);
    WantedTokens none = sample_wanted(now);
    none.tokens.clear();
    for (const WantedTokens& tokens : {sample_wanted(now), none, many}) {
        const std::string text = must(encode_wanted(tokens));
        CHECK(must(parse_wanted(text)) == tokens);
        CHECK(text.size() <= max_wanted_text_bytes);
    }
}

TEST_CASE("tokens that would tell their plate, live too long or are in no order are not written") {
    struct Row {
        const char* says;
        std::function<void(WantedTokens&)> change;
    };
    const Row rows[] = {
        {"version", [](auto& t) { t.version = 0; }},
        {"until", [](auto& t) { t.until = t.issued; }},
        {"until", [](auto& t) { t.until = t.issued + max_wanted_life + std::chrono::seconds(1); }},
        {"bits", [](auto& t) { t.bits = max_wanted_bits + 1; }},
        {"bits", [](auto& t) { t.bits = min_wanted_bits - 1; }},
        {"ascending", [](auto& t) { std::swap(t.tokens[0], t.tokens[1]); }},
        {"ascending", [](auto& t) { t.tokens[1] = t.tokens[0]; }},
        {"of at most", [](auto& t) { t.tokens[2] = 1U << t.bits; }},
        {"at most 2000", [](auto& t) { t.tokens.resize(max_wanted_tokens + 1); }},
    };
    for (const Row& row : rows) {
        WantedTokens tokens = sample_wanted(now);
        row.change(tokens);
        const auto text = encode_wanted(tokens);
        CAPTURE(row.says);
        REQUIRE_FALSE(text);
        CHECK(text.error().message().find(row.says) != std::string::npos);
    }
}

TEST_CASE(
    "attack: any byte of the text changed, cut or added is refused, or is another list in one spelling") {
    const std::string text = must(encode_wanted(sample_wanted(now)));
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK_FALSE(parse_wanted(text.substr(0, i)));
        for (const char other : {'0', '9', 'a', '"', ',', ' ', '\0'}) {
            std::string changed = text;
            changed[i] = other;
            const auto read = parse_wanted(changed);
            if (read) CHECK(must(encode_wanted(*read)) == changed);
        }
    }
    CHECK_FALSE(parse_wanted(text + " "));
    CHECK_FALSE(parse_wanted(""));
}
