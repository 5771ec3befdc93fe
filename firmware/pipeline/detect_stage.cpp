#include "pipeline/detect_stage.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "pipeline/patch_score.hpp"
#include "pipeline/rate.hpp"

namespace portcullis {

namespace {

constexpr float plate_margin = 0.12F;  // of the plate's size, so that a person sees its frame
constexpr float better_look = 1.05F;
constexpr std::uint64_t max_logged_failures = 20;  // then they are only counted

std::vector<Quad> others_than(const Sight& sight) {
    std::vector<Quad> others;
    for (const PlateCandidate& candidate : sight.all)
        if (&candidate != &sight.candidate) others.push_back(candidate.quad);
    return others;
}

/// A picture that cannot be cut or redacted is not kept: never the frame in its stead.
std::shared_ptr<const PlateLook> look_at(const Sight& sight, const MediaSettings& media, std::uint64_t job) {
    const Frame& frame = sight.frame;
    const Quad& quad = sight.candidate.quad;
    auto look = std::make_shared<PlateLook>();
    look->quad = quad;
    look->job = job;
    look->captured = frame.utc;
    look->since_boot = frame.sensor_time;
    look->clock = frame.clock;
    if (media.plate)
        if (auto plate = crop_colour(frame.view, box_around(quad, plate_margin)))
            look->plate = std::move(*plate);
    if (media.overview == OverviewPolicy::full) look->frame = frame;
    if (media.overview != OverviewPolicy::plate_only && media.overview != OverviewPolicy::redacted)
        return look;
    if (auto overview = RedactedOverview::create(frame.view, quad, others_than(sight), media.overview,
                                                 media.overview_width_px))
        look->overview = std::move(*overview);
    return look;
}

}  // namespace

DetectStage::DetectStage(const PipelineSettings& settings, const Eyes& eyes, PatchChannel& patches,
                         NoteChannel& notes, RoadCounters& counters)
    : settings_(settings),
      eyes_(eyes),
      patches_(patches),
      notes_(notes),
      counters_(counters),
      tracker_(settings.tracker) {
    if (settings.gate && !settings.stills) gate_.emplace(*settings.gate, settings.tracker.roi);
}

void DetectStage::see(const Frame& frame) {
    now_ = frame.sensor_time;
    if (spares(frame)) {
        ++counters_.frames_still;
        // Nothing is open that could close; the tracker learns the camera's rate, by which its patience goes.
        end(tracker_.update({}, frame.sensor_time));
        return;
    }
    const auto candidates = eyes_.locate(frame.view);
    if (!candidates) {
        if (++counters_.frames_failed <= max_logged_failures)
            log_warning("pipeline", "frame={} not searched: {}", frame.number, candidates.error().message());
        return;
    }
    if (gate_) gate_->searched();
    counters_.candidates += candidates->size();
    if (settings_.stills)
        follow_stills(frame, *candidates);
    else
        follow_passages(frame, *candidates);
}

/// An open passage lives by being seen, and closes by not being found: each of its frames is searched. The
/// gate is asked all the same, to know the last of them.
bool DetectStage::spares(const Frame& frame) {
    const bool unexpected = expected_ && !settings_.stills && !expected_(frame);
    const bool still = gate_ && gate_->still(frame.view, frame.sensor_time);
    return (still || unexpected) && tracker_.open() == 0;
}

BudgetSettings DetectStage::budget() const {
    BudgetSettings budget = settings_.budget;
    if (step_ != nullptr && rate_step(step_->load(std::memory_order_relaxed)).few_patches)
        budget.most_patches = budget.first_patches;
    return budget;
}

void DetectStage::follow_passages(const Frame& frame, std::span<const PlateCandidate> candidates) {
    const TrackerUpdate update = tracker_.update(candidates, frame.sensor_time);
    for (const Sighting& sighting : update.sightings) {
        follow({frame, candidates[sighting.candidate], candidates}, sighting.passage, sighting.resized);
        remind(sighting.passage);
    }
    end(update);
}

void DetectStage::follow_stills(const Frame& frame, std::span<const PlateCandidate> candidates) {
    for (const PlateCandidate& candidate : candidates) {
        Passage passage;
        passage.id = next_still_++;
        passage.first_seen = frame.sensor_time;
        passage.last_seen = frame.sensor_time;
        passage.frames = 1;
        follow({frame, candidate, candidates}, passage, false);
        send_note(NoteKind::closed, passage);
    }
}

void DetectStage::follow(const Sight& sight, const Passage& passage, bool resized) {
    const Frame& frame = sight.frame;
    const PlateCandidate& candidate = sight.candidate;
    Followed& followed =
        followed_.try_emplace(passage.id, Followed{PatchBudget(budget()), 0, {}, false, false, 0})
            .first->second;
    if (followed.overdue) return;
    if (resized) {
        followed.budget.begin_anew();
        followed.best_score = 0;
    }
    followed.widest_px = std::max(followed.widest_px, mean_width(candidate.quad));
    auto patch = eyes_.rectify(frame.view, candidate.quad);
    if (!patch) {  // a quad that no patch can be cut from still shows where the plate was
        if (!followed.look) keep_best(followed, sight, 0, 0);
        return;
    }
    const float score = patch_score(*patch, candidate.score, frame.view.width, frame.view.height);
    const std::uint64_t job = followed.budget.admit(score, frame.sensor_time) ? ++jobs_ : 0;
    // What is shown is also read, so that the reader can tell whether it shows what was read.
    if (job != 0 || !followed.look) keep_best(followed, sight, score, job);
    if (job == 0) return;
    ++counters_.patches;
    pulse_.idle();
    static_cast<void>(patches_.send({job, passage.id, std::move(*patch), score}));
    pulse_.beat();
}

void DetectStage::keep_best(Followed& followed, const Sight& sight, float score, std::uint64_t job) const {
    if (followed.look && score <= followed.best_score * better_look) return;
    followed.best_score = score;
    followed.look = look_at(sight, settings_.media, job);
}

/// A car at a barrier does not close its passage before it was read, and a parked one never does.
void DetectStage::remind(const Passage& passage) {
    const auto at = followed_.find(passage.id);
    if (at == followed_.end() || passage.frames < settings_.tracker.min_frames) return;
    Followed& followed = at->second;
    const auto age = passage.last_seen - passage.first_seen;
    const bool comes_nearer =
        passage.direction == Direction::approaching && followed.widest_px < settings_.decide_from_px;
    if (!followed.overdue && age >= settings_.decide_latest) {
        followed.overdue = true;
        send_note(NoteKind::overdue, passage);
        followed.look.reset();
    } else if (!followed.due && !comes_nearer && age >= settings_.decide_after) {
        followed.due = true;
        send_note(NoteKind::due, passage);
    }
}

void DetectStage::end(const TrackerUpdate& update) {
    for (const Passage& passage : update.closed)
        send_note(NoteKind::closed, passage);
    for (const Passage& passage : update.glimpses)
        send_note(NoteKind::glimpse, passage);
    for (const PassageId id : update.flickers) {
        Passage passage;
        passage.id = id;
        send_note(NoteKind::flicker, passage);
    }
}

/// The note first, then a job that wakes the reader: whoever has seen that job finds the note.
void DetectStage::send_note(NoteKind kind, const Passage& passage) {
    const auto at = followed_.find(passage.id);
    PassageNote note{kind, ++jobs_, passage, nullptr, now_, {}, 0};
    if (at != followed_.end()) {
        note.look = at->second.look;
        note.widest_px = at->second.widest_px;
    }
    if (ends(kind)) note.heirs = tracker_.heirs_of(passage);
    if (at != followed_.end() && ends(kind)) followed_.erase(at);
    pulse_.idle();
    static_cast<void>(notes_.send(std::move(note)));
    static_cast<void>(patches_.send({jobs_, 0, {}, 0}));
    pulse_.beat();
}

void DetectStage::finish() {
    end(tracker_.close_all());
}

}  // namespace portcullis
