#pragma once
// What the pipeline can be told. Values.

#include <optional>
#include <string>

#include "core/overview_policy.hpp"
#include "passage/tracker.hpp"
#include "pipeline/patch_budget.hpp"
#include "vision/motion_gate.hpp"

namespace portcullis {

struct MediaSettings {
    bool plate = true;  // keep the plate picture
    OverviewPolicy overview = OverviewPolicy::redacted;
    int plate_quality = 85;
    int overview_quality = 75;
    int overview_width_px = 1280;
};

/// The nature of the camera decides what a full channel does. A live camera will not wait: the oldest frame
/// goes, counted. A film that is played as fast as the road takes it waits, and nothing is dropped.
enum class Pressure { drop, wait };

struct PipelineSettings {
    /// Empty: every frame is searched, as stills are in any case.
    std::optional<GateSettings> gate = GateSettings{};
    TrackerSettings tracker;
    BudgetSettings budget;
    MediaSettings media;
    Pressure pressure = Pressure::drop;
    /// A live camera that is missing, busy or forbidden at the start is waited for, as one that is lost
    /// later.
    bool camera_may_come = false;
    bool stills = false;  // unrelated pictures: each candidate is a passage of its own
    /// A passage that is still open then is reported if the vote is good: a car waits at a barrier.
    milliseconds decide_after{2000};
    /// But one that comes nearer not before its plate is as wide: its best looks are still to come.
    float decide_from_px = 120;
    /// And then as it stands.
    milliseconds decide_latest{15'000};
    float good_vote = 0.9F;      // confidence that ends the wait
    float settled_vote = 0.98F;  // confidence at which further patches are spared
    /// A vote of less is published as `unread`: no text rather than a guess. Both of the above count as at
    /// least this much, so that a passage is neither ended nor spared while more looks could lift it. 0: all
    /// texts are published.
    float min_confidence = 0;
    /// Of an unread passage whose plate was never as wide no record is made: it is far, and not due. 0: of
    /// each. Stills have no such limit.
    float unread_from_px = 40;
    /// How long one record is tried again when the spool refuses it, before it is given up with an error.
    milliseconds commit_patience{60'000};
    std::string firmware;  // version, for the record
};

}  // namespace portcullis
