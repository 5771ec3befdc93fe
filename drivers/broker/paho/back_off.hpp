#pragma once
// BackOff: how long to wait before the next attempt: doubling with each failure up to a limit, of which a
// random 50 to 100 % is waited, so that a fleet does not return in step after a broker's restart.
// Thread-bound.

#include <random>

#include "base/clock.hpp"

namespace portcullis {

class BackOff {
  public:
    BackOff(milliseconds first, milliseconds limit, std::uint32_t seed)
        : first_(first), limit_(limit), next_(first), random_(seed) {}

    /// The wait before the next attempt; the one after that will be longer.
    [[nodiscard]] milliseconds next();
    /// After a connection that held.
    void reset() { next_ = first_; }

  private:
    milliseconds first_;
    milliseconds limit_;
    milliseconds next_;
    std::mt19937 random_;
};

}  // namespace portcullis
