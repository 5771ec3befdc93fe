#pragma once
// ReadStage: reads patches, votes, and reports each passage once, a vehicle that was lost from sight and
// found again too. Thread-bound: the read thread.

#include <map>

#include "health/heartbeat.hpp"
#include "passage/rejoiner.hpp"
#include "passage/voter.hpp"
#include "pipeline/eyes.hpp"
#include "pipeline/road.hpp"
#include "pipeline/settings.hpp"
#include "pipeline/unread_desk.hpp"

namespace portcullis {

class ReadStage {
  public:
    /// All references outlive the stage.
    ReadStage(const PipelineSettings& settings, const Eyes& eyes, PatchChannel& patches, NoteChannel& notes,
              CapturedChannel& captured, RoadCounters& counters);

    /// Waits for patches and for the commit stage are no work of this one. Before run().
    void beat_with(Pulse pulse) { pulse_ = pulse; }
    /// Works until the patches are closed and drained.
    void run();

  private:
    struct ReadPatch {
        std::uint64_t job = 0;
        Reading reading;
    };
    struct Pending {
        Voter voter;
        std::vector<ReadPatch> patches;  // as many as the budget lets through, with those below
        std::vector<PatchJob> spared;    // not read: the vote was settled
        float heaviest = 0;              // of the weights of what was read
        bool reported = false;
    };

    void take(PatchJob& job);
    void read(PatchJob& job);
    void take_notes(std::uint64_t up_to);
    void take_note(const PassageNote& note);
    [[nodiscard]] bool is_worth_a_report(const PassageNote& note, const Pending& pending,
                                         const Read& read) const;
    void read_spared(std::uint64_t job, Pending& pending) const;
    [[nodiscard]] std::shared_ptr<const PlateLook> fit_look(const PassageNote& note, Pending& pending,
                                                            const Read& read);
    void report(const PassageNote& note, Pending& pending, Read read);
    void send(Captured record);
    [[nodiscard]] bool is_unread(const Read& read) const;
    [[nodiscard]] bool is_too_far(const PassageNote& note) const;
    [[nodiscard]] float at_least(float confidence) const;  // but min_confidence if that is more

    const PipelineSettings& settings_;
    const Eyes& eyes_;
    PatchChannel& patches_;
    NoteChannel& notes_;
    CapturedChannel& captured_;
    RoadCounters& counters_;
    std::map<PassageId, Pending> pending_;  // the passages that the detect stage follows
    Rejoiner rejoiner_;
    UnreadDesk unread_;
    std::optional<PassageNote> next_note_;
    Pulse pulse_;
};

}  // namespace portcullis
