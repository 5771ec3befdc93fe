#pragma once
// ClockTeller: each change of what the device's UTC is worth, once, in the log. Thread-bound.

#include "core/clock_watch.hpp"

namespace portcullis {

class ClockTeller {
  public:
    /// Looks, and tells what changed since the last call: the quality, and that UTC was set.
    void tell(ClockWatch& watch);

  private:
    std::optional<ClockQuality> told_;
    std::uint64_t steps_ = 0;
};

}  // namespace portcullis
