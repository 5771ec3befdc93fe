#pragma once
// FailingOpenssl: while it lives, one of the calls that the product makes of OpenSSL does nothing and gives
// what that function gives for a failure. (OpenSSL's calls of itself go on: 3.0 dereferences null in places
// where its own memory is short, so there the program ends, see seal/openssl.hpp.) Link failing_openssl.cpp.
// Thread-bound.
#include <doctest/doctest.h>

#include <cstdint>

namespace portcullis::test {

class FailingOpenssl {
  public:
    /// The at-th call from now (from 1), and with `lasts` all after it.
    FailingOpenssl(std::uint64_t at, bool lasts);
    FailingOpenssl(const FailingOpenssl&) = delete;
    FailingOpenssl& operator=(const FailingOpenssl&) = delete;
    ~FailingOpenssl();
    [[nodiscard]] static bool struck();
};

/// work() with each of its calls failing, one at a time and then all from there on, until it meets no failure
/// any more. work() gives whether it succeeded, and looks itself whether a success is a true one. Afterwards it
/// succeeds again: nothing is left broken. Gives how often it did not succeed.
template <class Work>
std::uint64_t fail_each_openssl_call(Work work) {
    constexpr std::uint64_t most_calls = 5000;
    std::uint64_t failed = 0;
    for (const bool lasts : {false, true}) {
        REQUIRE(work());
        bool struck = true;
        for (std::uint64_t at = 1; struck; ++at) {
            CAPTURE(at);
            CAPTURE(lasts);
            REQUIRE(at < most_calls);
            bool done = false;
            {
                const FailingOpenssl failing(at, lasts);
                done = work();
                struck = FailingOpenssl::struck();
            }
            if (!struck) REQUIRE(done);
            failed += done ? 0 : 1;
        }
    }
    REQUIRE(work());
    return failed;
}

}  // namespace portcullis::test
