#include "passage/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace portcullis {

namespace {

// How far from its predicted place a plate may be, in plate widths. Measured on a 25 frames/s road film: a
// car at 60 km/h moves about 1.3 plate widths a frame across the picture.
constexpr float reach_unknown_velocity = 2.5F;
constexpr float reach_known_velocity = 1.5F;
constexpr float max_size_ratio = 1.8F;  // from one sighting to the next
constexpr float hidden_overlap = 0.4F;  // IoU by which a standing plate that was hidden is known again
constexpr float usual_frame_s = 0.1F;   // reach grows for longer gaps

Point middle(const Box& box) {
    return {(box.left + box.right) / 2, (box.top + box.bottom) / 2};
}

float size_ratio(const Box& a, const Box& b) {
    const float ratio = std::sqrt((a.width() * a.height()) / std::max(b.width() * b.height(), 1.0F));
    return std::max(ratio, 1 / std::max(ratio, 1e-3F));
}

/// How well the box continues the track: higher is better, nothing when it cannot be the same plate.
std::optional<float> affinity(const Motion& motion, const Box& box, BootTime now, microseconds close_after) {
    if (size_ratio(motion.last_box(), box) > max_size_ratio) return std::nullopt;
    const Box predicted = motion.predict(now);
    const float overlap = iou(predicted, box);
    const auto away = now - motion.last_seen();
    if (away > close_after)
        return iou(motion.last_box(), box) >= hidden_overlap ? std::optional(overlap) : std::nullopt;
    const Point from = middle(predicted);
    const Point to = middle(box);
    const float gap_s = std::chrono::duration<float>(away).count();
    const float patience = std::clamp(gap_s / usual_frame_s, 1.0F, 2.0F);
    const float reach = (motion.has_velocity() ? reach_known_velocity : reach_unknown_velocity) * patience *
                        std::max(box.width(), motion.last_box().width());
    const float distance = std::hypot(to.x - from.x, to.y - from.y);
    if (overlap <= 0 && distance > reach) return std::nullopt;
    return 1 + overlap - distance / reach - (size_ratio(motion.last_box(), box) - 1);
}

constexpr double patience_frames = 2.5;
constexpr std::chrono::seconds longest_interval{2};  // a longer pause is the camera's trouble, not its rate

}  // namespace

microseconds PassageTracker::patience() const {
    const auto frames = std::chrono::duration_cast<microseconds>(usual_interval_ * patience_frames);
    return std::max<microseconds>(settings_.close_after, frames);
}

void PassageTracker::learn_interval(BootTime now) {
    if (last_update_) {
        const auto interval = std::min<microseconds>(now - *last_update_, longest_interval);
        usual_interval_ = usual_interval_.count() == 0 ? interval : (usual_interval_ * 3 + interval) / 4;
    }
    last_update_ = now;
}

std::vector<PassageTracker::Match> PassageTracker::matches(std::span<const Box> boxes,
                                                           const std::vector<bool>& taken,
                                                           BootTime now) const {
    std::vector<Match> found;
    for (std::size_t t = 0; t < tracks_.size(); ++t) {
        for (std::size_t c = 0; c < boxes.size(); ++c) {
            if (taken[c]) continue;
            if (const auto score = affinity(tracks_[t].motion, boxes[c], now, patience()))
                found.push_back({*score, t, c});
        }
    }
    std::ranges::stable_sort(found, [](const Match& a, const Match& b) { return a.score > b.score; });
    return found;
}

TrackerUpdate PassageTracker::update(std::span<const PlateCandidate> candidates, BootTime now) {
    TrackerUpdate update;
    close_lost(now, update);
    learn_interval(now);
    std::vector<Box> boxes;
    std::vector<bool> taken;
    for (const PlateCandidate& candidate : candidates) {
        boxes.push_back(bounding_box(candidate.quad));
        taken.push_back(!contains(settings_.roi, centre(candidate.quad)) || boxes.back().width() <= 0 ||
                        boxes.back().height() <= 0);
    }
    std::vector<bool> extended(tracks_.size(), false);
    for (const Match& match : matches(boxes, taken, now)) {
        if (taken[match.candidate] || extended[match.track]) continue;
        taken[match.candidate] = true;
        extended[match.track] = true;
        extend(tracks_[match.track], candidates[match.candidate], now);
        update.sightings.push_back({match.candidate, tracks_[match.track].passage, false});
    }
    for (std::size_t c = 0; c < candidates.size(); ++c) {
        if (taken[c] || candidates[c].score < settings_.open_score) continue;
        if (const Track* track = open_track(candidates[c], now, update))
            update.sightings.push_back({c, track->passage, true});
    }
    return update;
}

void PassageTracker::extend(Track& track, const PlateCandidate& candidate, BootTime now) {
    track.motion.see(bounding_box(candidate.quad), now);
    vote_lane(track, centre(candidate.quad));
    track.passage.last_seen = now;
    ++track.passage.frames;
    track.passage.direction = track.motion.direction();
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
    Track& track = tracks_.emplace_back(Track{passage, Motion(bounding_box(candidate.quad), now), {}});
    vote_lane(track, centre(candidate.quad));
    return &track;
}

/// At the limit the passage that has been out of sight for longest is closed early.
bool PassageTracker::make_room(BootTime now, TrackerUpdate& update) {
    if (tracks_.size() < settings_.max_open) return true;
    const auto oldest = std::ranges::min_element(
        tracks_, [](const Track& a, const Track& b) { return a.motion.last_seen() < b.motion.last_seen(); });
    if (oldest == tracks_.end() || oldest->motion.last_seen() == now) return false;
    close(*oldest, update);
    tracks_.erase(oldest);
    return true;
}

void PassageTracker::close(Track& track, TrackerUpdate& update) const {
    if (track.passage.frames >= settings_.min_frames)
        update.closed.push_back(track.passage);
    else
        update.flickers.push_back(track.passage.id);
}

void PassageTracker::close_lost(BootTime now, TrackerUpdate& update) {
    std::erase_if(tracks_, [&](Track& track) {
        const microseconds wait = track.motion.stands() ? microseconds(settings_.parked_memory) : patience();
        if (now - track.motion.last_seen() <= wait) return false;
        close(track, update);
        return true;
    });
}

TrackerUpdate PassageTracker::close_all() {
    TrackerUpdate update;
    for (Track& track : tracks_)
        close(track, update);
    tracks_.clear();
    return update;
}

}  // namespace portcullis
