#pragma once
// How often a test with seeds goes round: few times by default, as often as PORTCULLIS_ROUNDS says when
// asked.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace portcullis::test {

inline int rounds_or(int few) {
    const char* const wanted = std::getenv("PORTCULLIS_ROUNDS");  // NOLINT(concurrency-mt-unsafe): read only
    return wanted != nullptr ? std::max(1, std::atoi(wanted)) : few;
}

/// How far apart lie the calls that a walk through all of them tries: each one, but under a sanitizer, where
/// a call takes three times as long, each `sanitized`-th; all there too with PORTCULLIS_ROUNDS of 10 or more.
inline std::uint64_t walk_stride(std::uint64_t sanitized) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return rounds_or(1) >= 10 ? 1 : sanitized;
#else
    static_cast<void>(sanitized);
    return 1;
#endif
}

}  // namespace portcullis::test
