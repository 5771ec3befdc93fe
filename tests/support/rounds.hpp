#pragma once
// How often a test with seeds goes round: few times by default, as often as PORTCULLIS_ROUNDS says when
// asked.

#include <algorithm>
#include <cstdlib>

namespace portcullis::test {

inline int rounds_or(int few) {
    const char* const wanted = std::getenv("PORTCULLIS_ROUNDS");  // NOLINT(concurrency-mt-unsafe): read only
    return wanted != nullptr ? std::max(1, std::atoi(wanted)) : few;
}

}  // namespace portcullis::test
