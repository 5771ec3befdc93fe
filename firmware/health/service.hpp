#pragma once
// What a daemon tells its service manager, and how it is told to stop. Without systemd all of it is silent.
// Thread-safe, save StopSignal (main thread, before any other thread starts).

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "health/heartbeat.hpp"
#include "health/supervision.hpp"

namespace portcullis {

/// READY=1, STATUS=..., STOPPING=1.
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_stopping();

/// The process ends with this code when a stage hangs; the log names the stage.
inline constexpr int exit_code_hung = 3;

/// Looks at the heartbeats every second, in a thread of its own. While all are fresh systemd's watchdog is
/// fed (WatchdogSec=, if it is set). A stage that is late is named in log and status; one that hangs ends the
/// process at once, with systemd or without, so that it is started anew: nothing that waits for the stage is
/// waited for.
class Watchdog {
  public:
    /// clock and heartbeats outlive it. end: what ends the process; tests put another in its place.
    Watchdog(const Clock& clock, std::vector<const Heartbeat*> heartbeats,
             std::function<void(const LateStage&)> end = end_process);

    [[noreturn]] static void end_process(const LateStage& late);

  private:
    std::jthread thread_;
};

/// SIGTERM and SIGINT as a stop_token; SIGHUP is counted. create() blocks these signals for all threads
/// started later and ignores SIGPIPE.
class StopSignal {
  public:
    [[nodiscard]] static Result<StopSignal> create();

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    /// As if SIGTERM had come (used when a part of the program ends by itself).
    void request() { source_.request_stop(); }
    /// Waits until stop is asked for, at most for `patience`; true when it was.
    [[nodiscard]] bool wait(milliseconds patience) const;
    /// How many SIGHUPs came so far.
    [[nodiscard]] std::uint64_t hangups() const { return *hangups_; }

  private:
    StopSignal() = default;
    std::stop_source source_;
    std::shared_ptr<std::atomic<std::uint64_t>> hangups_ = std::make_shared<std::atomic<std::uint64_t>>(0);
    std::jthread thread_;
};

}  // namespace portcullis
