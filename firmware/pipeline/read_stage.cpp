#include "pipeline/read_stage.hpp"

#include <algorithm>
#include <limits>

#include "base/log.hpp"
#include "base/wipe.hpp"
#include "passage/alignment.hpp"

namespace portcullis {

namespace {

constexpr std::size_t settled_voters = 3;  // fewer may be wrong together
// Looks from afar are wrong together: one so much heavier (larger, sharper) than all that voted is heard.
constexpr float much_better = 1.25F;
constexpr float other_text = 0.5F;                 // share of its letters that differ
constexpr std::uint64_t max_logged_failures = 20;  // then they are only counted

bool contradicts(const Reading& reading, const Read& read) {
    if (reading.characters.empty()) return true;
    const std::string text = text_of(read.characters);
    return align(text, reading.characters).cost > other_text * static_cast<float>(text.size());
}

}  // namespace

ReadStage::ReadStage(const PipelineSettings& settings, const Eyes& eyes, PatchChannel& patches,
                     NoteChannel& notes, CapturedChannel& captured, RoadCounters& counters)
    : settings_(settings),
      eyes_(eyes),
      patches_(patches),
      notes_(notes),
      captured_(captured),
      counters_(counters),
      rejoiner_(settings.tracker.rejoin_within) {}

void ReadStage::run() {
    pulse_.idle();
    while (auto job = patches_.receive()) {
        pulse_.beat();
        take(*job);
        wipe_unused_stack();
        pulse_.idle();
    }
    pulse_.beat();
    take_notes(std::numeric_limits<std::uint64_t>::max());
    for (Captured& record : unread_.release_all())
        send(std::move(record));
    pulse_.idle();
}

/// Not inlined: texts lie in this frame and below, which are wiped afterwards.
[[gnu::noinline]] void ReadStage::take(PatchJob& job) {
    if (job.passage != 0) read(job);
    take_notes(job.number);
}

void ReadStage::read(PatchJob& job) {
    Pending& pending = pending_[job.passage];
    const bool settled = pending.voter.voters() >= settled_voters &&
                         job.weight < much_better * pending.heaviest &&
                         pending.voter.result().confidence >= at_least(settings_.settled_vote);
    if (pending.reported || settled) {
        ++counters_.patches_spared;
        if (!pending.reported) pending.spared.push_back(std::move(job));
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
    pending.patches.push_back({job.number, *reading});
    pending.heaviest = std::max(pending.heaviest, job.weight);
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
    if (!pending.reported && note.kind != NoteKind::flicker) {
        Read read = settled(eyes_, pending.voter);
        if (is_worth_a_report(note, pending, read)) {
            pending.reported = true;
            report(note, pending, std::move(read));
            pending.spared.clear();
        }
    }
    if (!ends(note.kind)) return;
    if (note.kind != NoteKind::flicker) rejoiner_.extend(note.passage);
    pending_.erase(note.passage.id);
    for (Captured& record : unread_.release(note.passage.id))
        send(std::move(record));
}

/// What may still come nearer is not decided by a look or two. Of a glimpse most patches must be readable, at
/// least two, and say the same.
bool ReadStage::is_worth_a_report(const PassageNote& note, const Pending& pending, const Read& read) const {
    if (note.kind == NoteKind::due)
        return pending.voter.voters() >= settled_voters && read.confidence >= at_least(settings_.good_vote);
    if (note.kind != NoteKind::glimpse) return true;
    const auto agreeing = static_cast<std::size_t>(std::ranges::count_if(
        pending.patches, [&](const ReadPatch& patch) { return !contradicts(patch.reading, read); }));
    return agreeing > 1 && 2 * agreeing > pending.patches.size();
}

/// What is shown is also read. It has no vote any more.
void ReadStage::read_spared(std::uint64_t job, Pending& pending) const {
    const auto at =
        std::ranges::find_if(pending.spared, [&](const PatchJob& patch) { return patch.number == job; });
    if (at == pending.spared.end()) return;
    auto reading = eyes_.read(at->patch);
    pending.patches.push_back({job, reading ? std::move(*reading) : Reading{}});
}

/// The look without its pictures, when the patch that was cut from it says another text than the passage, or
/// none: it may show another vehicle.
std::shared_ptr<const PlateLook> ReadStage::fit_look(const PassageNote& note, Pending& pending,
                                                     const Read& read) {
    if (!note.look || note.look->job == 0 || read.characters.empty()) return note.look;
    read_spared(note.look->job, pending);
    const auto own = std::ranges::find_if(
        pending.patches, [&](const ReadPatch& patch) { return patch.job == note.look->job; });
    if (own == pending.patches.end()) return note.look;
    if (!contradicts(own->reading, read)) return note.look;
    ++counters_.pictures_withheld;
    auto bare = std::make_shared<PlateLook>(*note.look);
    bare->plate = {};
    bare->overview.reset();
    bare->frame.reset();
    return bare;
}

float ReadStage::at_least(float confidence) const {
    return std::max(confidence, settings_.min_confidence);
}

bool ReadStage::is_unread(const Read& read) const {
    return read.characters.empty() || read.confidence < settings_.min_confidence;
}

bool ReadStage::is_too_far(const PassageNote& note) const {
    return note.widest_px < settings_.unread_from_px;
}

/// One record of one vehicle: what was reported before is known again, what could not be read waits for the
/// passage that may go on with it.
void ReadStage::report(const PassageNote& note, Pending& pending, Read read) {
    Passage passage = note.passage;
    if (!settings_.stills) {
        if (is_unread(read) && is_too_far(note)) {
            ++counters_.passages_too_far;
            return;
        }
        counters_.passages_rejoined += unread_.absorb(passage);
        if (rejoiner_.knows(passage, read)) {
            ++counters_.passages_rejoined;
            return;
        }
    }
    auto look = fit_look(note, pending, read);
    Captured record{std::move(passage), std::move(read), std::move(look), note.decided};
    if (is_unread(record.read) && unread_.keep(record, note.heirs)) return;
    if (!settings_.stills) rejoiner_.remember(record.passage, record.read);
    send(std::move(record));
}

/// Of a guess nothing goes on: no letter, no alternative, no confidence. That readings were made stays known.
void ReadStage::send(Captured record) {
    ++counters_.passages;
    if (!record.read.characters.empty() && is_unread(record.read)) {
        record.read = Read{{}, 0, record.read.readings};
        ++counters_.abstained;
    }
    pulse_.idle();  // a spool in trouble holds the road
    static_cast<void>(captured_.send(std::move(record)));
    pulse_.beat();
}

}  // namespace portcullis
