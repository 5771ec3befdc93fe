#pragma once
// ReaderVitals: the heartbeats of the reader's threads, in one place for the watchdog. Thread-safe as its
// parts are.

#include "apps/reader/compose.hpp"
#include "health/service.hpp"

namespace portcullis {

class ReaderVitals {
  public:
    /// Both outlive it.
    ReaderVitals(const ReaderSettings& settings, const Clock& clock)
        : main_(clock, "main", settings.supervision.hang_after),
          capture_(clock, "capture", capture_patience(settings)),
          detect_(clock, "detect", settings.supervision.hang_after),
          read_(clock, "read", settings.supervision.hang_after),
          commit_(clock, "commit", settings.supervision.hang_after) {
        // Each stage begins when it has something to do.
        for (Heartbeat* stage : {&capture_, &detect_, &read_, &commit_})
            stage->idle();
    }

    [[nodiscard]] RoadPulse pulse() { return {capture_, detect_, read_, commit_}; }
    [[nodiscard]] Heartbeat& main() { return main_; }
    [[nodiscard]] std::vector<const Heartbeat*> all() const {
        return {&main_, &capture_, &detect_, &read_, &commit_};
    }

  private:
    Heartbeat main_;
    Heartbeat capture_;
    Heartbeat detect_;
    Heartbeat read_;
    Heartbeat commit_;
};

}  // namespace portcullis
