#pragma once
// PassageTracker: makes passages of candidates, by geometry, score and the frames' own time. A passage opens
// with a candidate that is likely a plate (open_score); fainter ones only extend a passage that is open (as
// in Zhang et al., ByteTrack, ECCV 2022): lamps and lettering make none, and a plate in shadow is not lost.
// In each frame the candidates are paired with the open passages so that all together are likeliest
// (motion.hpp, assignment.hpp). A passage closes when its plate has been away for a while, counted in time,
// not in frames. A plate that stands still is remembered longer, so that a parked car hidden by a lorry
// counts once; a car that comes later to the same place comes moving, and gets its own passage. Memory: at
// most max_open tracks of fixed size, max_frame_candidates of a frame. Thread-bound. README.md in this folder
// tells the method and its figures.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/passage.hpp"
#include "core/plate.hpp"
#include "passage/assignment.hpp"
#include "passage/frame_clock.hpp"
#include "passage/motion.hpp"

namespace portcullis {

/// Of one frame; beyond it those with the lowest scores are passed over, counted.
inline constexpr std::size_t max_frame_candidates = 64;

struct LaneArea {
    std::string name;
    std::vector<Point> polygon;  // in the frame's pixels; no points: the whole picture
};

/// How candidates and passages are paired. greedy is there to be compared with (README.md).
enum class Assigning { together, greedy };

struct TrackerSettings {
    std::vector<Point> roi;              // where candidates count; no points: the whole picture
    std::vector<LaneArea> lanes;         // the first that holds the plate's centre counts
    milliseconds close_after{1200};      // a slow camera gets at least two and a half of its own frames
    milliseconds rejoin_within{60'000};  // rejoiner.hpp; zero: nothing is known again
    milliseconds parked_memory{60'000};
    float open_score = likely_plate_score;  // of a candidate that may open a passage, [0, 1]
    int min_frames = 2;                     // a plate seen in fewer frames is a flicker, no passage
    std::size_t max_open = 32;              // beyond it new candidates are not followed, and counted
    Assigning assigning = Assigning::together;
};

/// One candidate of this frame that belongs to a passage.
struct Sighting {
    std::size_t candidate = 0;  // index into what update() was given
    Passage passage;            // as it stands with this frame
    bool opened = false;        // the passage's first
    bool resized = false;       // motion.hpp: the quad holds something else than those before
};

struct TrackerUpdate {
    std::vector<Sighting> sightings;
    std::vector<Passage> closed;      // frames >= min_frames
    std::vector<Passage> glimpses;    // closed too, but of few frames, far apart: may be reflections
    std::vector<PassageId> flickers;  // closed with fewer: forget what you kept of them
};

class PassageTracker {
  public:
    explicit PassageTracker(TrackerSettings settings);

    /// One frame's candidates. stamp is the frame's sensor time, in which the passages' times are told; a
    /// stamp that goes back is mended (frame_clock.hpp).
    [[nodiscard]] TrackerUpdate update(std::span<const PlateCandidate> candidates, BootTime stamp);
    /// Closes all that is open: the source ended.
    [[nodiscard]] TrackerUpdate close_all();

    [[nodiscard]] std::size_t open() const { return tracks_.size(); }
    /// Open passages that began where this one ended or a moment before: one of them may be the same vehicle.
    [[nodiscard]] std::vector<PassageId> heirs_of(const Passage& passage) const;
    /// Candidates that were not followed: max_open passages were open, or there were more than
    /// max_frame_candidates.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    /// Frames whose stamp was not after that of the frame before.
    [[nodiscard]] std::uint64_t backward_stamps() const { return clock_.backward(); }

  private:
    struct Track {
        Passage passage;
        Motion motion;
        std::map<std::string, int> lane_votes;
        bool firm = false;  // its second sighting was where the first one was: no two reflections
    };
    using Places = std::vector<std::size_t>;  // indices of candidates

    [[nodiscard]] microseconds patience() const;
    [[nodiscard]] microseconds patience_for(const Track& track) const;
    [[nodiscard]] Places choose(std::span<const PlateCandidate> candidates);
    [[nodiscard]] WorthTable weigh(std::span<const PlateCandidate> candidates, const Places& chosen,
                                   BootTime now) const;
    struct Pair {
        std::size_t track = 0;
        std::size_t candidate = 0;  // place among the chosen
    };
    [[nodiscard]] std::optional<Pair> unexpected(std::span<const PlateCandidate> candidates,
                                                 const Places& chosen, const std::vector<bool>& taken,
                                                 BootTime now) const;
    [[nodiscard]] bool may_be_followed(const PlateCandidate& candidate, BootTime now) const;
    void feel_shake(const Motion& motion, const Quad& quad, BootTime now);
    /// Gives whether the quad was resized.
    bool extend(Track& track, const PlateCandidate& candidate, BootTime now);
    void vote_lane(Track& track, Point place) const;
    Track* open_track(const PlateCandidate& candidate, BootTime now, TrackerUpdate& update);
    bool make_room(BootTime now, TrackerUpdate& update);
    void merge_twins(BootTime now, TrackerUpdate& update);
    void close(Track& track, TrackerUpdate& update) const;
    void close_lost(BootTime now, TrackerUpdate& update);

    TrackerSettings settings_;
    FrameClock clock_;
    microseconds interval_{0};  // usual between frames, as it was before this one
    double shake_px2_;          // learned of the plates that are followed
    std::vector<Track> tracks_;
    PassageId next_id_ = 1;
    std::uint64_t refused_ = 0;
};

}  // namespace portcullis
