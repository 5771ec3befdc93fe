#include "pipeline/commit_stage.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.hpp"
#include "base/wipe.hpp"
#include "pipeline/record_builder.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::seconds tick_every{1};
constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5000};
// When the reader is being stopped: enough for a busy file, little enough for the service manager's patience.
constexpr milliseconds patience_when_stopping{2000};

bool is_worth_another_try(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::exhausted || code == ErrorCode::timeout ||
           code == ErrorCode::denied || code == ErrorCode::corrupt;
}

}  // namespace

void wait_really(milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    // After a stop the token would end every wait at once; then the pause is kept without it.
    if (stop.stop_requested())
        never.wait_for(lock, time, [] { return false; });
    else
        never.wait_for(lock, stop, time, [] { return false; });
}

CommitStage::CommitStage(const PipelineSettings& settings, std::string model, RecordSink sink,
                         CapturedChannel& captured, RoadCounters& counters, Wait wait, std::stop_token stop)
    : settings_(settings),
      model_(std::move(model)),
      sink_(std::move(sink)),
      captured_(captured),
      counters_(counters),
      wait_(std::move(wait)),
      stop_(std::move(stop)) {}

void CommitStage::run(const std::function<void()>& on_fatal) {
    while (take_next(on_fatal)) {
        wipe_unused_stack();
        if (!fatal_) housekeep(sink_.tick);
    }
    if (!fatal_) housekeep(sink_.finish);
    pulse_.idle();
}

/// False when no more will come. Not inlined: the read's text lies in this frame, which is wiped afterwards.
[[gnu::noinline]] bool CommitStage::take_next(const std::function<void()>& on_fatal) {
    pulse_.idle();
    const auto captured = captured_.receive_for(tick_every);
    pulse_.beat();
    if (captured) commit(*captured, on_fatal);
    return captured || !captured_.closed() || captured_.size() > 0;
}

void CommitStage::commit(const Captured& captured, const std::function<void()>& on_fatal) {
    if (sink_.wants &&
        !sink_.wants(captured.read, captured.look ? captured.look->clock.quality : ClockQuality::none)) {
        ++counters_.passages_unwanted;
        return;
    }
    const CaptureRecord record = build_record(captured, settings_.media, settings_.firmware, model_);
    const Outcome outcome = fatal_ ? Outcome::sink_gone : try_until_durable(record);
    if (outcome == Outcome::committed) {
        ++counters_.records;
        if (sink_.durable) sink_.durable(captured.decided);
        if (record.read.characters.empty()) ++counters_.unread;
        return;
    }
    ++counters_.records_lost;
    log_error("pipeline", "passage={} its record is lost (records_lost={})", record.passage.id,
              counters_.records_lost.load());
    if (outcome == Outcome::sink_gone) on_fatal();
}

CommitStage::Outcome CommitStage::try_until_durable(const CaptureRecord& record) {
    milliseconds waited{0};
    for (milliseconds pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
        pulse_.beat();
        const auto done = sink_.record(record);
        if (done) {
            if (counters_.spool_trouble.exchange(false))
                log_info("pipeline", "the spool takes records again");
            return Outcome::committed;
        }
        if (done.error().code() == ErrorCode::closed) {
            fatal_ = done.error();
            return Outcome::sink_gone;
        }
        if (!is_worth_another_try(done.error().code())) {
            log_error("pipeline", "passage={} record refused: {}", record.passage.id, done.error().message());
            return Outcome::given_up;
        }
        if (!counters_.spool_trouble.exchange(true))
            log_error("pipeline", "degraded: the spool does not take records: {}; trying again",
                      done.error().message());
        const milliseconds patience = stop_.stop_requested()
                                          ? std::min(patience_when_stopping, settings_.commit_patience)
                                          : settings_.commit_patience;
        if (waited >= patience) return Outcome::given_up;
        ++counters_.commit_retries;
        wait_(pause, stop_);
        waited += pause;
    }
}

/// Checkpoints come again by themselves: a failure is told, not repeated here.
void CommitStage::housekeep(const std::function<Result<void>()>& duty) {
    if (!duty) return;
    pulse_.beat();
    const auto done = duty();
    if (!done && !counters_.spool_trouble.exchange(true))
        log_error("pipeline", "degraded: the spool does not take a checkpoint: {}", done.error().message());
}

}  // namespace portcullis
