// What a thief has of a camera that keeps hits only: its tokens, and their key.
#include <doctest/doctest.h>

#include <map>

#include "record/wanted_codec.hpp"
#include "support/wanted_list.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// All plates of two letters and three digits: the shortest that any jurisdiction gives to cars, far fewer
/// than of any layout in use.
template <class Each>
void every_short_plate(Each each) {
    for (char a = 'A'; a <= 'Z'; ++a)
        for (char b = 'A'; b <= 'Z'; ++b)
            for (int n = 0; n < 1000; ++n)
                each(fmt::format("{}{}{:03}", a, b, n));
}

}  // namespace

TEST_CASE("theft: who tries every plate with a stolen camera's key is left with a hundred for each token") {
    const std::vector<std::string> plates = {"QK407", "LM113", "XE962"};
    const WantedTokens stolen = make_wanted(wanted_key, plates);
    std::map<std::uint32_t, int> alike;
    for (const std::uint32_t token : stolen.tokens)
        alike[token] = 0;
    every_short_plate([&](const std::string& plate) {
        const auto found = alike.find(wanted_token(stolen.key, stolen.bits, plate));
        if (found != alike.end()) ++found->second;
    });
    REQUIRE(alike.size() == 3);
    for (const auto& [token, count] : alike)
        CHECK(count >= 100);
}

TEST_CASE("theft: the longest list that there may be still has as many tokens as plates are worth") {
    // 26^3 x 10^4 plates of three letters and four digits: at most 2^20 tokens leave 168 for each.
    constexpr double layout = 26.0 * 26 * 26 * 10'000;
    CHECK(layout / (1U << wanted_bits(max_wanted_tokens)) >= 150);
    CHECK(wanted_bits(max_wanted_tokens) <= max_wanted_bits);
    CHECK(wanted_bits(1'000'000) == max_wanted_bits);
}

TEST_CASE("theft: no plate and no case of the list stands in what a device is sent") {
    const std::string text = must(encode_wanted(sample_wanted(now)));
    for (const char* plate : {"A812CDE", "AB12CDE", "LA77TER", "ZZ11ZZZ", "2026-117"})
        CHECK(text.find(plate) == std::string::npos);
}
