#pragma once
// FailingWays: each way by which the product comes to a call of SQLite fails once in this process. A way is
// the chain of calls from the test's attempt down to SQLite, so every error way of the product is gone once,
// in the midst of whatever tests do. Every other way is followed by a failure of all calls after it, so that
// even the rollback fails. Link failing_ways.cpp and fault_vfs.cpp. Thread-bound, one at a time.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>

#include "base/result.hpp"

namespace portcullis::test {

class FailingWays {
  public:
    /// Null unless PORTCULLIS_FAILING_WAYS is set. With PORTCULLIS_ROUNDS of 10 or more each attempt's ways
    /// are all new.
    [[nodiscard]] static std::unique_ptr<FailingWays> if_wanted();
    FailingWays();
    FailingWays(const FailingWays&) = delete;
    FailingWays& operator=(const FailingWays&) = delete;
    ~FailingWays();

    /// One try, in which the first way that is new fails; gives what attempt() gave. Within an attempt the
    /// innermost one counts. A failure that was met
    /// may be overcome, but no error may come without one, and none as if the file were corrupt.
    template <class Attempt>
    auto try_once(Attempt attempt) {
        Armed armed(*this);
        auto outcome = attempt();
        if (outcome) return outcome;
        CAPTURE(outcome.error().message());
        REQUIRE(struck());
        REQUIRE(outcome.error().code() != ErrorCode::corrupt);
        return outcome;
    }

    /// Tries until attempt() succeeds. after_failure() looks at what each failure left behind.
    template <class Attempt, class AfterFailure>
    auto insist(Attempt attempt, AfterFailure after_failure) {
        constexpr int most_tries = 20'000;
        begin();
        for (int tries = 1;; ++tries) {
            REQUIRE(tries < most_tries);
            auto outcome = try_once(attempt);
            if (outcome) return outcome;
            after_failure();
        }
    }

    /// How many have failed in this process.
    [[nodiscard]] static std::uint64_t failed();

  private:
    class Armed {
      public:
        explicit Armed(FailingWays& ways);
        Armed(const Armed&) = delete;
        Armed& operator=(const Armed&) = delete;
        ~Armed();

      private:
        FailingWays& ways_;
        int depth_;
        bool armed_;
    };
    void begin();
    [[nodiscard]] bool struck() const { return struck_; }
    [[nodiscard]] int ask();

    int depth_ = 0;  // of the attempt
    bool armed_ = false;
    bool struck_ = false;
    bool lasts_ = false;
};

}  // namespace portcullis::test
