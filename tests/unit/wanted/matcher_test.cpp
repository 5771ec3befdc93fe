// Which reads a device takes for one that may be wanted.
#include "wanted/wanted_matcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/wanted_list.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool may_be(const Read& read) {
    return may_be_wanted(sample_wanted(UtcTime()), read);
}

CharacterReading in_doubt(char letter, char other, float confidence) {
    return {letter, 0.6F, {{other, confidence}}};
}

}  // namespace

TEST_CASE("what is on the list is known, letter for letter and but for look-alikes") {
    for (const char* text : {"A812CDE", "AB12CDE", "A8I2CDE", "ABI2CDE", "LA77TER", "ZZ11ZZZ", "ZZIIZZZ"})
        CHECK(may_be(sure_read(text)));
    for (const char* text : {"A812CDF", "LA77TE", "LA77TERX", "ZZ11ZZ", "1"})
        CHECK_FALSE(may_be(sure_read(text)));
}

TEST_CASE("a plate that is in doubt leaves by each of its ambiguity sets, and by its raw text") {
    Read read = sure_read("LA77TFR");
    CHECK_FALSE(may_be(read));
    read.characters[5] = in_doubt('F', 'E', 0.3F);
    CHECK(may_be(read));
    read.characters[5] = in_doubt('F', 'E', 0.1F);  // too little to be in the set
    CHECK_FALSE(may_be(read));
    read.raw = "LA77TER";
    CHECK(may_be(read));
}

TEST_CASE("a read that may say a great many texts is looked at so far, and its likeliest text always") {
    Read read = sure_read("LA77TER");
    for (CharacterReading& character : read.characters)
        for (const char other : {'X', 'Y', 'W', 'V'})
            character.alternatives.push_back({other, 0.9F});
    read.raw.clear();
    CHECK(may_be(read));
}

TEST_CASE("an unread plate is none that is wanted, and of an empty list nothing is") {
    CHECK_FALSE(may_be(Read{}));
    CHECK_FALSE(may_be_wanted(make_wanted(wanted_key, {}), sure_read("LA77TER")));
}

TEST_CASE("of plates that nobody looks for fewer than one in two hundred is taken for one") {
    for (const int listed : {1, 8, 100, 2000}) {
        std::vector<std::string> plates;
        for (int i = 0; i < listed; ++i)
            plates.push_back(fmt::format("W{:06}", i * 13));
        const WantedTokens tokens = make_wanted(wanted_key, plates);
        int taken = 0;
        constexpr int others = 20'000;
        for (int i = 0; i < others; ++i)
            taken += may_be_wanted(tokens, sure_read(fmt::format("X{:06}", i))) ? 1 : 0;
        CAPTURE(listed);
        CHECK(taken * 200 < others);
        for (const std::string& plate : plates)
            CHECK(may_be_wanted(tokens, sure_read(plate)));
    }
}

TEST_CASE("a plate's token is the same in each version of one key, and another under another key") {
    const WantedTokens one = make_wanted(wanted_key, {"LA77TER"});
    const WantedTokens two = make_wanted(wanted_key, {"LA77TER", "ZZ11ZZZ"});
    CHECK(one.bits == two.bits);
    CHECK(std::ranges::binary_search(two.tokens, one.tokens.front()));
    const WantedKey other = sha256(as_bytes("another key"));
    CHECK(wanted_token(other, 20, "LA77TER") != wanted_token(wanted_key, 20, "LA77TER"));
    // A longer list has longer tokens, which begin as the shorter ones: together they tell no more.
    const std::uint32_t shortened = wanted_token(wanted_key, 20, "LA77TER") >> 8U;
    CHECK(shortened == wanted_token(wanted_key, 12, "LA77TER"));
}
