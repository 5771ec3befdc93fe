#pragma once
// Heartbeat: one stage's proof of progress, and its word that it waits for somebody else. Thread-safe: the
// stage beats, the supervisor looks.

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "base/clock.hpp"

namespace portcullis {

class Heartbeat {
  public:
    /// stage: its name in the log and the status. patience: so long one piece of its work may take; beyond,
    /// it hangs. clock outlives it. It begins fresh.
    Heartbeat(const Clock& clock, std::string stage, milliseconds patience)
        : clock_(clock), stage_(std::move(stage)), patience_(patience), last_(now()) {}
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;

    /// A piece of work is done, or begins: never for merely being alive.
    void beat() { last_.store(now(), std::memory_order_relaxed); }
    /// Until the next beat the stage waits for a neighbour or for its end: it does not hang, however long.
    void idle() { last_.store(is_idle, std::memory_order_relaxed); }

    /// Since the last beat; zero while idle.
    [[nodiscard]] microseconds age() const {
        const std::int64_t last = last_.load(std::memory_order_relaxed);
        return last == is_idle ? microseconds{0} : microseconds(now() - last);
    }
    [[nodiscard]] bool fresh() const { return age() <= patience_; }
    [[nodiscard]] const std::string& stage() const { return stage_; }
    [[nodiscard]] milliseconds patience() const { return patience_; }

  private:
    static constexpr std::int64_t is_idle = std::numeric_limits<std::int64_t>::max();
    [[nodiscard]] std::int64_t now() const { return clock_.since_boot().time_since_epoch().count(); }

    const Clock& clock_;
    std::string stage_;
    milliseconds patience_;
    std::atomic<std::int64_t> last_;
};

/// A heartbeat, or nobody who listens. Borrows.
class Pulse {
  public:
    Pulse() = default;
    Pulse(Heartbeat& heartbeat) : heartbeat_(&heartbeat) {}  // NOLINT(google-explicit-constructor)
    void beat() const {
        if (heartbeat_ != nullptr) heartbeat_->beat();
    }
    void idle() const {
        if (heartbeat_ != nullptr) heartbeat_->idle();
    }

  private:
    Heartbeat* heartbeat_ = nullptr;
};

}  // namespace portcullis
