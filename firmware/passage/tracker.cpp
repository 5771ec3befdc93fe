#include "passage/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace portcullis {

namespace {

constexpr double gate = 16.27;  // of the squared distance: 99.9 % of three degrees of freedom
constexpr double reach_known_widths = 2.5;
constexpr double reach_unknown_widths = 4;  // one step at 130 km/h and 10 frames/s is 3
constexpr double most_size_ratio = 1.8;
constexpr double in_place_widths = 0.35;
constexpr double most_size_ratio_in_place = 2.6;  // of a grille to the plate in it
// Above what any fit can cost (gate, spread, score), so that two pairs are worth more than one good one.
constexpr double worth_of_a_pair = 40;
// A candidate may also be a plate that is new in the picture: where a track could be anywhere, the fit must
// be better (the density of new plates in a multiple-hypothesis tracker: Reid, IEEE Trans. AC 24, 1979).
constexpr double rather_new = 8;
constexpr double next_frame =
    1.5;  // intervals; what was seen a frame ago is near, however little is known of it
constexpr double least_worth = 1;
constexpr float least_score = 0.05F;
constexpr float hidden_overlap = 0.4F;   // IoU by which a standing plate that was hidden is known again ...
constexpr double worth_of_a_hidden = 5;  // ... if nobody else claims what is seen there
constexpr float same_plate_overlap = 0.3F;  // IoU with a plate that was just seen: no second plate is there
constexpr double patience_frames = 2.5;
constexpr milliseconds flicker_patience{300};
constexpr int patience_times = 10;  // as long as it was seen
constexpr milliseconds outlier_patience{300};
constexpr double outlier_widths = 1;
constexpr double unexpected_size_ratio = 1.2;
constexpr float twin_widths = 0.7F;  // cars that follow each other are farther apart, or differ in size
constexpr float twin_size_ratio = 1.2F;
constexpr float firm_widths = 1;   // between the first two sightings
constexpr int glimpse_frames = 2;  // beyond the fewest
constexpr float firm_size_ratio = 1.3F;
constexpr double least_shake_px = 1.5;  // also at first
constexpr double most_shake_px = 16;
constexpr double shake_memory = 0.95;  // a sighting
constexpr double most_surprise = 4;    // times the shake as it is known: one false pairing teaches little

/// What the pairing goes by, beside track and candidate.
struct Moment {
    BootTime now;
    microseconds patience;
    microseconds interval;  // usual between frames
    double shake_px = 0;
};

bool has_size(const MotionFit& fit, double most_ratio) {
    return fit.size_ratio <= (fit.away_widths < in_place_widths ? most_size_ratio_in_place : most_ratio);
}

/// How likely the candidate continues the track; 0: it cannot be the same plate.
double worth(const Motion& motion, const PlateCandidate& candidate, const Moment& moment) {
    const microseconds away = moment.now - motion.last_seen();
    if (away > moment.patience) {
        const bool again = iou(motion.last_box(), bounding_box(candidate.quad)) >= hidden_overlap;
        return again ? worth_of_a_hidden : 0;
    }
    const MotionFit fit = motion.fit(candidate.quad, moment.now, moment.shake_px);
    const double reach = motion.is_known() ? reach_known_widths : reach_unknown_widths;
    if (fit.distance > gate || fit.away_widths > reach || !has_size(fit, most_size_ratio)) return 0;
    const bool missed =
        std::chrono::duration<double>(away) > std::chrono::duration<double>(moment.interval) * next_frame;
    if (missed && fit.distance + fit.spread > rather_new) return 0;
    return std::max(
        worth_of_a_pair - fit.distance - fit.spread + 2 * std::log(std::max(candidate.score, least_score)),
        least_worth);
}

bool is_near(const Box& a, const Box& b, float widths, float size_ratio) {
    const float dx = (a.left + a.right - b.left - b.right) / 2;
    const float dy = (a.top + a.bottom - b.top - b.bottom) / 2;
    const float wide = std::max(a.width(), b.width());
    return std::hypot(dx, dy) <= widths * wide && wide <= size_ratio * std::min(a.width(), b.width());
}

}  // namespace

PassageTracker::PassageTracker(TrackerSettings settings)
    : settings_(std::move(settings)), shake_px2_(least_shake_px * least_shake_px) {}

microseconds PassageTracker::patience() const {
    const auto frames = std::chrono::duration_cast<microseconds>(interval_ * patience_frames);
    return std::max<microseconds>(settings_.close_after, frames);
}

/// What was seen for a moment is waited for no longer than for some moments: its next place is anywhere.
microseconds PassageTracker::patience_for(const Track& track) const {
    if (track.motion.stands()) return std::max<microseconds>(settings_.parked_memory, patience());
    const auto frames = std::chrono::duration_cast<microseconds>(interval_ * patience_frames);
    const microseconds least = std::max<microseconds>(flicker_patience, frames);
    return std::min(patience(), std::max(least, track.passage.dwell() * patience_times));
}

/// Those that count, at most max_frame_candidates, the best scores first.
PassageTracker::Places PassageTracker::choose(std::span<const PlateCandidate> candidates) {
    Places chosen;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
        const Box box = bounding_box(candidates[c].quad);
        if (box.width() > 0 && box.height() > 0 && contains(settings_.roi, centre(candidates[c].quad)))
            chosen.push_back(c);
    }
    std::ranges::stable_sort(
        chosen, [&](std::size_t a, std::size_t b) { return candidates[a].score > candidates[b].score; });
    if (chosen.size() > max_frame_candidates) {
        refused_ += chosen.size() - max_frame_candidates;
        chosen.resize(max_frame_candidates);
    }
    return chosen;
}

WorthTable PassageTracker::weigh(std::span<const PlateCandidate> candidates, const Places& chosen,
                                 BootTime now) const {
    const Moment moment{now, patience(), interval_, std::sqrt(shake_px2_)};
    WorthTable table(tracks_.size(), chosen.size());
    for (std::size_t t = 0; t < tracks_.size(); ++t)
        for (std::size_t c = 0; c < chosen.size(); ++c)
            table.at(t, c) = worth(tracks_[t].motion, candidates[chosen[c]], moment);
    return table;
}

TrackerUpdate PassageTracker::update(std::span<const PlateCandidate> candidates, BootTime stamp) {
    TrackerUpdate update;
    if (tracks_.empty()) clock_.settle();
    interval_ = clock_.usual_interval();  // a pause of the camera does not make it patient
    const BootTime now = clock_.at(stamp);
    close_lost(now, update);
    const Places chosen = choose(candidates);
    const WorthTable table = weigh(candidates, chosen, now);
    const Pairing pairs =
        settings_.assigning == Assigning::together ? best_pairing(table) : greedy_pairing(table);
    std::vector<bool> taken(chosen.size(), false);
    std::vector<Box> seen;
    for (std::size_t t = 0; t < pairs.size(); ++t) {
        if (!pairs[t]) continue;
        const std::size_t c = chosen[*pairs[t]];
        taken[*pairs[t]] = true;
        seen.push_back(bounding_box(candidates[c].quad));
        const bool resized = extend(tracks_[t], candidates[c], now);
        update.sightings.push_back({c, tracks_[t].passage, false, resized});
    }
    while (const auto pair = unexpected(candidates, chosen, taken, now)) {
        const std::size_t c = chosen[pair->candidate];
        taken[pair->candidate] = true;
        seen.push_back(bounding_box(candidates[c].quad));
        const bool resized = extend(tracks_[pair->track], candidates[c], now);
        update.sightings.push_back({c, tracks_[pair->track].passage, false, resized});
    }
    merge_twins(now, update);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const PlateCandidate& candidate = candidates[chosen[i]];
        if (taken[i] || candidate.score < settings_.open_score) continue;
        const Box box = bounding_box(candidate.quad);
        const auto covers = [&](const Box& other) { return iou(other, box) > same_plate_overlap; };
        if (std::ranges::any_of(seen, covers) || may_be_followed(candidate, now)) continue;
        if (const Track* track = open_track(candidate, now, update)) {
            seen.push_back(box);
            update.sightings.push_back({chosen[i], track->passage, true, false});
        }
    }
    return update;
}

/// What no prediction fits but stands near a plate that was lost some frames ago, the nearest to it of all:
/// it is that plate, which a jolt of the pole or bad quads have misled.
std::optional<PassageTracker::Pair> PassageTracker::unexpected(std::span<const PlateCandidate> candidates,
                                                               const Places& chosen,
                                                               const std::vector<bool>& taken,
                                                               BootTime now) const {
    std::optional<Pair> pair;
    double nearest = outlier_widths;
    const auto a_frame = std::chrono::duration_cast<microseconds>(interval_ * next_frame);
    for (std::size_t t = 0; t < tracks_.size(); ++t) {
        const microseconds away = now - tracks_[t].motion.last_seen();
        if (away <= a_frame || away > outlier_patience || tracks_[t].passage.frames < 2) continue;
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            const PlateCandidate& candidate = candidates[chosen[i]];
            if (taken[i] || candidate.score < settings_.open_score) continue;
            const MotionFit fit = tracks_[t].motion.fit(candidate.quad, now, std::sqrt(shake_px2_));
            if (fit.away_widths >= nearest || !has_size(fit, unexpected_size_ratio)) continue;
            nearest = fit.away_widths;
            pair = {t, i};
        }
    }
    return pair;
}

/// A quad that is badly cut, or a jolt of the pole, is no second plate in the place of one that is followed.
bool PassageTracker::may_be_followed(const PlateCandidate& candidate, BootTime now) const {
    return std::ranges::any_of(tracks_, [&](const Track& track) {
        if (now - track.motion.last_seen() > outlier_patience) return false;
        const MotionFit fit = track.motion.fit(candidate.quad, now, std::sqrt(shake_px2_));
        return fit.away_widths < outlier_widths && has_size(fit, most_size_ratio);
    });
}

/// A pole that shakes moves all plates by so many pixels: learned from the errors of plates that are well
/// known.
void PassageTracker::feel_shake(const Motion& motion, const Quad& quad, BootTime now) {
    if (!motion.is_known() || now - motion.last_seen() > settings_.close_after) return;
    const double felt = motion.fit(quad, now, std::sqrt(shake_px2_)).shake_px2;
    const double fresh = std::clamp(felt, -most_surprise * shake_px2_, most_surprise * shake_px2_);
    shake_px2_ = std::clamp(shake_memory * shake_px2_ + (1 - shake_memory) * fresh,
                            least_shake_px * least_shake_px, most_shake_px * most_shake_px);
}

bool PassageTracker::extend(Track& track, const PlateCandidate& candidate, BootTime now) {
    if (track.passage.frames == 1)
        track.firm =
            is_near(track.motion.last_box(), bounding_box(candidate.quad), firm_widths, firm_size_ratio);
    feel_shake(track.motion, candidate.quad, now);
    const bool resized = track.motion.see(candidate.quad, now, std::sqrt(shake_px2_));
    vote_lane(track, centre(candidate.quad));
    track.passage.last_seen = now;
    track.passage.left = track.motion.settled_box();
    ++track.passage.frames;
    track.passage.direction = track.motion.direction();
    return resized;
}

void PassageTracker::vote_lane(Track& track, Point place) const {
    const auto lane = std::ranges::find_if(
        settings_.lanes, [&](const LaneArea& area) { return contains(area.polygon, place); });
    ++track.lane_votes[lane == settings_.lanes.end() ? std::string() : lane->name];
    const auto most = std::ranges::max_element(
        track.lane_votes, [](const auto& a, const auto& b) { return a.second < b.second; });
    track.passage.lane = most->first;
}

PassageTracker::Track* PassageTracker::open_track(const PlateCandidate& candidate, BootTime now,
                                                  TrackerUpdate& update) {
    if (!make_room(now, update)) {
        ++refused_;
        return nullptr;
    }
    Passage passage;
    passage.id = next_id_++;
    passage.first_seen = now;
    passage.last_seen = now;
    passage.frames = 1;
    passage.entered = passage.left = bounding_box(candidate.quad);
    Track& track =
        tracks_.emplace_back(Track{passage, Motion(candidate.quad, now, std::sqrt(shake_px2_)), {}, false});
    vote_lane(track, centre(candidate.quad));
    return &track;
}

/// At the limit one that is out of sight is closed early: first what was seen too seldom to be a passage,
/// then what has been away for longest. A flood of reflections does not push a plate out.
bool PassageTracker::make_room(BootTime now, TrackerUpdate& update) {
    if (tracks_.size() < settings_.max_open) return true;
    const auto oldest = std::ranges::min_element(tracks_, [&](const Track& a, const Track& b) {
        const bool a_flickers = a.passage.frames < settings_.min_frames;
        const bool b_flickers = b.passage.frames < settings_.min_frames;
        const bool a_here = a.motion.last_seen() == now;
        const bool b_here = b.motion.last_seen() == now;
        if (a_here != b_here) return b_here;
        if (a_flickers != b_flickers) return a_flickers;
        return a.motion.last_seen() < b.motion.last_seen();
    });
    if (oldest == tracks_.end() || oldest->motion.last_seen() == now) return false;
    close(*oldest, update);
    tracks_.erase(oldest);
    return true;
}

/// Two tracks that would be in one place at the same time and take turns in being seen are one plate, of
/// which one quad was so bad that it made a track of its own. The older one stays.
void PassageTracker::merge_twins(BootTime now, TrackerUpdate& update) {
    const auto is_twin = [&](const Track& older, const Track& younger) {
        const BootTime a = older.motion.last_seen();
        const BootTime b = younger.motion.last_seen();
        if (a == b || now - std::min(a, b) > outlier_patience || b != now) return false;
        return is_near(older.motion.predict(now), younger.motion.last_box(), twin_widths, twin_size_ratio);
    };
    for (std::size_t older = 0; older < tracks_.size(); ++older) {
        for (std::size_t younger = tracks_.size() - 1; younger > older; --younger) {
            if (!is_twin(tracks_[older], tracks_[younger])) continue;
            update.flickers.push_back(tracks_[younger].passage.id);
            tracks_.erase(tracks_.begin() + static_cast<std::ptrdiff_t>(younger));
        }
    }
}

void PassageTracker::close(Track& track, TrackerUpdate& update) const {
    const Passage& passage = track.passage;
    if (passage.frames < settings_.min_frames)
        update.flickers.push_back(passage.id);
    else if (passage.frames > 1 && passage.frames <= settings_.min_frames + glimpse_frames && !track.firm)
        update.glimpses.push_back(passage);
    else
        update.closed.push_back(passage);
}

void PassageTracker::close_lost(BootTime now, TrackerUpdate& update) {
    std::erase_if(tracks_, [&](Track& track) {
        if (now - track.motion.last_seen() <= patience_for(track)) return false;
        close(track, update);
        return true;
    });
}

std::vector<PassageId> PassageTracker::heirs_of(const Passage& passage) const {
    std::vector<PassageId> heirs;
    for (const Track& track : tracks_)
        if (track.passage.first_seen > passage.first_seen &&
            track.passage.first_seen >= passage.last_seen - outlier_patience)
            heirs.push_back(track.passage.id);
    return heirs;
}

TrackerUpdate PassageTracker::close_all() {
    TrackerUpdate update;
    for (Track& track : tracks_)
        close(track, update);
    tracks_.clear();
    return update;
}

}  // namespace portcullis
