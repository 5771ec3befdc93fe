#include "pipeline/read_stage.hpp"

#include <algorithm>
#include <limits>

#include "base/log.hpp"
#include "base/wipe.hpp"

namespace portcullis {

namespace {

constexpr std::size_t settled_voters = 3;          // fewer may be wrong together
constexpr std::uint64_t max_logged_failures = 20;  // then they are only counted

}  // namespace

ReadStage::ReadStage(const PipelineSettings& settings, const Eyes& eyes, PatchChannel& patches,
                     NoteChannel& notes, CapturedChannel& captured, RoadCounters& counters)
    : settings_(settings),
      eyes_(eyes),
      patches_(patches),
      notes_(notes),
      captured_(captured),
      counters_(counters) {}

void ReadStage::run() {
    while (const auto job = patches_.receive()) {
        take(*job);
        wipe_unused_stack();
    }
    take_notes(std::numeric_limits<std::uint64_t>::max());
}

/// Not inlined: texts lie in this frame and below, which are wiped afterwards.
[[gnu::noinline]] void ReadStage::take(const PatchJob& job) {
    if (job.passage != 0) read(job);
    take_notes(job.number);
}

void ReadStage::read(const PatchJob& job) {
    Pending& pending = pending_[job.passage];
    const bool settled = pending.voter.voters() >= settled_voters &&
                         pending.voter.result().confidence >= at_least(settings_.settled_vote);
    if (pending.reported || settled) {
        ++counters_.patches_spared;
        return;
    }
    auto reading = eyes_.read(job.patch);
    if (!reading) {
        if (counters_.readings < max_logged_failures)
            log_warning("pipeline", "passage={} a patch was not read: {}", job.passage,
                        reading.error().message());
        return;
    }
    ++counters_.readings;
    pending.voter.add(std::move(*reading), job.weight);
}

/// Notes hold after the patches that were sent before them; patches that were dropped are not waited for.
void ReadStage::take_notes(std::uint64_t up_to) {
    while (true) {
        if (!next_note_) next_note_ = notes_.receive_for(milliseconds{0});
        if (!next_note_ || next_note_->after > up_to) return;
        take_note(*next_note_);
        next_note_.reset();
    }
}

void ReadStage::take_note(const PassageNote& note) {
    Pending& pending = pending_[note.passage.id];
    const bool last = note.kind == NoteKind::closed || note.kind == NoteKind::flicker;
    if (!pending.reported && note.kind != NoteKind::flicker) {
        Read read = settled(eyes_, pending.voter);
        if (note.kind != NoteKind::due || read.confidence >= at_least(settings_.good_vote)) {
            pending.reported = true;
            report(note, std::move(read));
        }
    }
    if (last) pending_.erase(note.passage.id);
}

float ReadStage::at_least(float confidence) const {
    return std::max(confidence, settings_.min_confidence);
}

/// Of a guess nothing goes on: no letter, no alternative, no confidence. That readings were made stays known.
void ReadStage::report(const PassageNote& note, Read read) {
    ++counters_.passages;
    if (!read.characters.empty() && read.confidence < settings_.min_confidence) {
        read = Read{{}, 0, read.readings};
        ++counters_.abstained;
    }
    static_cast<void>(captured_.send({note.passage, std::move(read), note.look}));
}

}  // namespace portcullis
