#pragma once
// PassageTracker: makes passages of candidates, by geometry and score. A passage opens with a candidate that
// is likely a plate (open_score); fainter ones only extend a passage that is open (as in Zhang et al.,
// ByteTrack, ECCV 2022): lamps and lettering make none, and a plate in shadow is not lost. A passage is
// extended by each frame that shows the plate near where it should be, and closes when the plate has been
// away for a while. A plate that stands still is remembered longer, so that a parked car hidden by a lorry
// counts once; a car that comes later to the same place comes moving, and gets its own passage. Thread-bound.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/passage.hpp"
#include "core/plate.hpp"
#include "passage/motion.hpp"

namespace portcullis {

struct LaneArea {
    std::string name;
    std::vector<Point> polygon;  // in the frame's pixels; no points: the whole picture
};

struct TrackerSettings {
    std::vector<Point> roi;         // where candidates count; no points: the whole picture
    std::vector<LaneArea> lanes;    // the first that holds the plate's centre counts
    milliseconds close_after{800};  // a slow camera gets at least two and a half of its own frames
    milliseconds parked_memory{60'000};
    float open_score = likely_plate_score;  // of a candidate that may open a passage, [0, 1]
    int min_frames = 2;                     // a plate seen in fewer frames is a flicker, no passage
    std::size_t max_open = 32;              // beyond it new candidates are not followed, and counted
};

/// One candidate of this frame that belongs to a passage.
struct Sighting {
    std::size_t candidate = 0;  // index into what update() was given
    Passage passage;            // as it stands with this frame
    bool opened = false;        // the passage's first
};

struct TrackerUpdate {
    std::vector<Sighting> sightings;
    std::vector<Passage> closed;      // frames >= min_frames
    std::vector<PassageId> flickers;  // closed with fewer: forget what you kept of them
};

class PassageTracker {
  public:
    explicit PassageTracker(TrackerSettings settings) : settings_(std::move(settings)) {}

    /// One frame's candidates. now is the frame's sensor time and never goes back.
    [[nodiscard]] TrackerUpdate update(std::span<const PlateCandidate> candidates, BootTime now);
    /// Closes all that is open: the source ended.
    [[nodiscard]] TrackerUpdate close_all();

    [[nodiscard]] std::size_t open() const { return tracks_.size(); }
    /// Candidates that were not followed because max_open passages were open.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    struct Track {
        Passage passage;
        Motion motion;
        std::map<std::string, int> lane_votes;
    };
    struct Match {
        float score;
        std::size_t track;
        std::size_t candidate;
    };

    [[nodiscard]] microseconds patience() const;
    void learn_interval(BootTime now);
    [[nodiscard]] std::vector<Match> matches(std::span<const Box> boxes, const std::vector<bool>& taken,
                                             BootTime now) const;
    void extend(Track& track, const PlateCandidate& candidate, BootTime now);
    void vote_lane(Track& track, Point place) const;
    Track* open_track(const PlateCandidate& candidate, BootTime now, TrackerUpdate& update);
    bool make_room(BootTime now, TrackerUpdate& update);
    void close(Track& track, TrackerUpdate& update) const;
    void close_lost(BootTime now, TrackerUpdate& update);

    TrackerSettings settings_;
    std::vector<Track> tracks_;
    std::optional<BootTime> last_update_;
    microseconds usual_interval_{0};  // between frames, smoothed
    PassageId next_id_ = 1;
    std::uint64_t refused_ = 0;
};

}  // namespace portcullis
