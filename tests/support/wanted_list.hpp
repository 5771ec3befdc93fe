#pragma once
// Wanted tokens for tests: three plates, under a key that is the same in each run.

#include "base/sha256.hpp"
#include "core/reading.hpp"
#include "wanted/wanted_matcher.hpp"

namespace portcullis::test {

inline const WantedKey wanted_key = sha256(as_bytes("the key of the tests"));

inline WantedTokens sample_wanted(UtcTime issued, std::uint64_t version = 7) {
    WantedTokens tokens = make_wanted(wanted_key, {"A812CDE", "LA77TER", "ZZ11ZZZ"});
    tokens.fleet = "test-fleet";
    tokens.version = version;
    tokens.issued = issued;
    tokens.until = issued + std::chrono::hours(48);
    return tokens;
}

/// As it is voted; without alternatives.
inline Read sure_read(std::string_view text) {
    Read read;
    for (const char letter : text)
        read.characters.push_back({letter, 0.99F, {}});
    read.confidence = 0.97F;
    read.raw = text;
    return read;
}

}  // namespace portcullis::test
