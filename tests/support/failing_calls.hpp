#pragma once
// FailingCalls: while it lives, one of the calls that the product makes of OpenSSL, or of the system for a
// file, does nothing and gives what that function gives for a failure. (OpenSSL's calls of itself go on: 3.0
// dereferences null in places where its own memory is short, so there the program ends, see
// seal/openssl.cpp.) Link failing_calls.cpp. Thread-bound.
#include <doctest/doctest.h>

#include <cstdint>
#include <utility>

#include "support/rounds.hpp"

namespace portcullis::test {

class FailingCalls {
  public:
    /// The at-th call from now (from 1), and with `lasts` all after it.
    FailingCalls(std::uint64_t at, bool lasts);
    FailingCalls(const FailingCalls&) = delete;
    FailingCalls& operator=(const FailingCalls&) = delete;
    ~FailingCalls();
    [[nodiscard]] static bool struck();
};

/// work() with each of its calls failing, one at a time and then all from there on, until it meets no failure
/// any more. work() gives whether it succeeded, and looks itself whether a success is a true one. Afterwards
/// it succeeds again: nothing is left broken. afterwards(), without a failure, looks at what a run left
/// behind. Gives how often work() did not succeed. Of much work each stride-th call will do; all with
/// PORTCULLIS_ROUNDS of 10 or more.
template <class Work, class Afterwards>
std::uint64_t fail_each_library_call(Work work, Afterwards afterwards, std::uint64_t stride = 1) {
    constexpr std::uint64_t most_calls = 5000;
    std::uint64_t failed = 0;
    for (const bool lasts : {false, true}) {
        REQUIRE(work());
        bool struck = true;
        const std::uint64_t step = rounds_or(1) >= 10 ? 1 : stride;
        for (std::uint64_t at = lasts ? step / 2 + 1 : 1; struck; at += step) {
            CAPTURE(at);
            CAPTURE(lasts);
            REQUIRE(at < most_calls);
            bool done = false;
            {
                const FailingCalls failing(at, lasts);
                done = work();
                struck = FailingCalls::struck();
            }
            if (!struck) REQUIRE(done);
            afterwards();
            failed += done ? 0 : 1;
        }
    }
    REQUIRE(work());
    return failed;
}

template <class Work>
std::uint64_t fail_each_library_call(Work work) {
    return fail_each_library_call(std::move(work), [] {});
}

}  // namespace portcullis::test
