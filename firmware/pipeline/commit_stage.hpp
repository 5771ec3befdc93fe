#pragma once
// CommitStage: builds records and hands them to the sink until they are durable. Disk trouble is a state, not
// an exit: the stage tries again with back-off while the channel before it fills and holds the road. A record
// is given up only after a named patience, with an error and a count. Thread-bound: the commit thread.

#include <functional>
#include <optional>
#include <stop_token>

#include "health/heartbeat.hpp"
#include "pipeline/record_sink.hpp"
#include "pipeline/road.hpp"
#include "pipeline/settings.hpp"

namespace portcullis {

/// Waits, at most until stop is asked for. Tests put a fake clock's step here.
using Wait = std::function<void(milliseconds, const std::stop_token&)>;
void wait_really(milliseconds time, const std::stop_token& stop);

class CommitStage {
  public:
    /// All references outlive the stage. stop: no more patience from then on.
    CommitStage(const PipelineSettings& settings, std::string model, RecordSink sink,
                CapturedChannel& captured, RoadCounters& counters, Wait wait, std::stop_token stop);

    /// Beats before each piece of work and each further attempt. Before run().
    void beat_with(Pulse pulse) { pulse_ = pulse; }
    /// Works until the channel is closed and drained, then finishes the sink. on_fatal is called once when
    /// the sink is gone; what still comes is then counted as lost.
    void run(const std::function<void()>& on_fatal);
    [[nodiscard]] const std::optional<Error>& fatal() const { return fatal_; }

  private:
    enum class Outcome { committed, given_up, sink_gone };

    [[nodiscard]] bool take_next(const std::function<void()>& on_fatal);
    void commit(const Captured& captured, const std::function<void()>& on_fatal);
    [[nodiscard]] Outcome try_until_durable(const CaptureRecord& record);
    void housekeep(const std::function<Result<void>()>& duty);

    const PipelineSettings& settings_;
    std::string model_;
    RecordSink sink_;
    CapturedChannel& captured_;
    RoadCounters& counters_;
    Wait wait_;
    std::stop_token stop_;
    Pulse pulse_;
    std::optional<Error> fatal_;
};

}  // namespace portcullis
