#pragma once
// DetectStage: frames in; patches worth reading and notes on passages out. Keeps the best look at each open
// passage. Frames of a road on which nothing moves and no passage is open are not searched. Thread-bound: the
// detect thread.

#include <functional>
#include <map>
#include <span>

#include "health/heartbeat.hpp"
#include "pipeline/eyes.hpp"
#include "pipeline/road.hpp"
#include "pipeline/settings.hpp"

namespace portcullis {

/// One plate in a frame, among all that were found in it. Borrows; lives for one call.
struct Sight {
    const Frame& frame;
    const PlateCandidate& candidate;  // one of all
    std::span<const PlateCandidate> all;
};

class DetectStage {
  public:
    /// All references outlive the stage.
    DetectStage(const PipelineSettings& settings, const Eyes& eyes, PatchChannel& patches, NoteChannel& notes,
                RoadCounters& counters);

    /// Asked before each frame, save of stills: false says that no vehicle is in it (Roadside). Set before
    /// the first see().
    void expect(std::function<bool(const Frame&)> expected) { expected_ = std::move(expected); }
    /// Waits for the read stage are no work of this one. Before the first see(), as the next.
    void beat_with(Pulse pulse) { pulse_ = pulse; }
    /// The rate step: under strain a new passage gets fewer patches.
    void slow_down_by(const std::atomic<int>& step) { step_ = &step; }
    void see(const Frame& frame);
    /// The source ended: closes every passage.
    void finish();

  private:
    struct Followed {
        PatchBudget budget;
        float best_score = 0;
        std::shared_ptr<const PlateLook> look;
        bool due = false;
        bool overdue = false;  // reported for good: nothing more is kept or read
        float widest_px = 0;   // of its plate in any frame
    };

    [[nodiscard]] bool spares(const Frame& frame);
    [[nodiscard]] BudgetSettings budget() const;
    /// resized: as Sighting says.
    void follow(const Sight& sight, const Passage& passage, bool resized);
    void follow_passages(const Frame& frame, std::span<const PlateCandidate> candidates);
    void follow_stills(const Frame& frame, std::span<const PlateCandidate> candidates);
    void keep_best(Followed& followed, const Sight& sight, float score, std::uint64_t job) const;
    void remind(const Passage& passage);
    void end(const TrackerUpdate& update);
    void send_note(NoteKind kind, const Passage& passage);

    const PipelineSettings& settings_;
    const Eyes& eyes_;
    PatchChannel& patches_;
    NoteChannel& notes_;
    RoadCounters& counters_;
    PassageTracker tracker_;
    std::optional<MotionGate> gate_;  // empty: every frame is searched
    std::function<bool(const Frame&)> expected_;
    Pulse pulse_;
    const std::atomic<int>* step_ = nullptr;
    std::map<PassageId, Followed> followed_;  // at most TrackerSettings::max_open
    std::uint64_t jobs_ = 0;
    PassageId next_still_ = 1;
    BootTime now_{};  // of the newest frame
};

}  // namespace portcullis
