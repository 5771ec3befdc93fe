#pragma once
// Supervision: looks at the heartbeats of a process and says what is to be done: all is well, one stage is
// late, one hangs. Thread-bound: the supervising thread; the heartbeats belong to their stages.

#include <optional>
#include <string>
#include <vector>

#include "health/heartbeat.hpp"

namespace portcullis {

/// A stage that is late gets so long, named in log and status, before the process ends: a disk that was only
/// slow may go on.
inline constexpr milliseconds hang_grace{5000};
/// When the supervisor itself was not woken for so long, the machine slept or was halted: nobody is blamed,
/// and every stage gets its patience anew.
inline constexpr milliseconds supervisor_asleep{10'000};

struct LateStage {
    std::string stage;
    microseconds age{0};
    bool hung = false;  // beyond its patience and the grace: the process is to end
};

class Supervision {
  public:
    /// All outlive it.
    Supervision(const Clock& clock, std::vector<const Heartbeat*> heartbeats)
        : clock_(&clock), heartbeats_(std::move(heartbeats)), looked_(clock.since_boot()) {}

    /// Nothing: every heartbeat is fresh. Else the stage that is late for longest. To be called every second
    /// or so.
    [[nodiscard]] std::optional<LateStage> look();

  private:
    const Clock* clock_;
    std::vector<const Heartbeat*> heartbeats_;
    BootTime looked_;
    std::optional<BootTime> awake_since_;  // after a sleep of the machine
};

}  // namespace portcullis
