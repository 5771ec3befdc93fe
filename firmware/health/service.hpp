#pragma once
// What a daemon tells its service manager, and how it is told to stop. Without systemd all of it is silent.
// Thread-safe, save StopSignal (main thread, before any other thread starts).

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace portcullis {

/// READY=1, STATUS=..., STOPPING=1.
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_stopping();

/// Proof of progress: the watchdog is fed only while every heartbeat has beaten within its patience.
/// beat() is for work done (a frame walked, a poll finished), never for merely being alive.
class Heartbeat {
  public:
    explicit Heartbeat(const Clock& clock)
        : clock_(clock), last_(clock.since_boot().time_since_epoch().count()) {}
    void beat() { last_.store(clock_.since_boot().time_since_epoch().count(), std::memory_order_relaxed); }
    [[nodiscard]] microseconds age() const {
        return clock_.since_boot().time_since_epoch() - microseconds(last_.load(std::memory_order_relaxed));
    }

  private:
    const Clock& clock_;
    std::atomic<std::int64_t> last_;
};

/// Feeds the systemd watchdog (WatchdogSec=) at half its interval while heartbeat is younger than `patience`.
/// heartbeat must outlive it. Does nothing when no watchdog is set.
class Watchdog {
  public:
    Watchdog(const Heartbeat& heartbeat, milliseconds patience);

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
