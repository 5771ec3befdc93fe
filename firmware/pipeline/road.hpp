#pragma once
// What walks the road between the stages, and what is counted on the way. Values; RoadCounters is
// thread-safe.

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/channel.hpp"
#include "core/frame.hpp"
#include "core/passage.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"
#include "vision/redactor.hpp"

namespace portcullis {

/// The best look at a passage's plate so far: what its record will show.
struct PlateLook {
    ColourImage plate;  // cut out with a margin; no pixels when policy keeps no pictures
    std::optional<RedactedOverview> overview;  // under policies plate_only and redacted
    std::optional<Frame> frame;                // under policy full alone: no other look holds a whole frame
    Quad quad;
    std::uint64_t job = 0;  // the patch job that was cut from it; 0: none was
    UtcTime captured{};
    BootTime since_boot{};
    ClockState clock;
};

/// detect -> read. Jobs count up; a job of passage 0 carries no patch and only wakes the reader for a note.
struct PatchJob {
    std::uint64_t number = 0;
    PassageId passage = 0;
    PlatePatch patch;
    float weight = 0;
};

enum class NoteKind {
    due,      // open for a while: report it now if the vote is good
    overdue,  // open for so long that it is reported as it stands: it may be parked
    closed,   // report it if that was not done yet
    glimpse,  // closed, and perhaps no passage: report it if its readings agree
    flicker   // it was no passage: forget it
};

/// Nothing more comes of a passage after such a note.
[[nodiscard]] inline bool ends(NoteKind kind) {
    return kind != NoteKind::due && kind != NoteKind::overdue;
}

/// detect -> read, beside the patches and never dropped. Holds after the job with number `after`.
struct PassageNote {
    NoteKind kind = NoteKind::closed;
    std::uint64_t after = 0;
    Passage passage;
    std::shared_ptr<const PlateLook> look;
    BootTime decided{};              // the frame that it came of
    std::vector<PassageId> heirs{};  // of a closed one: what is open now and may go on with it
    float widest_px = 0;             // of its plate in any frame
};

/// read -> commit.
struct Captured {
    Passage passage;
    Read read;
    std::shared_ptr<const PlateLook> look;
    BootTime decided{};  // the frame that ended the wait for this record
};

using FrameChannel = Channel<Frame>;
using PatchChannel = Channel<PatchJob>;
using NoteChannel = Channel<PassageNote>;
using CapturedChannel = Channel<Captured>;

struct RoadCounters {
    std::atomic<std::uint64_t> frames{0};           // taken from the camera
    std::atomic<std::uint64_t> frames_dropped{0};   // the road was busy (live sources only)
    std::atomic<std::uint64_t> frames_spared{0};    // not looked at: the rate is lowered
    std::atomic<std::uint64_t> pictures_broken{0};  // the camera could not decode them
    std::atomic<std::uint64_t> frames_failed{0};    // the detector refused them
    std::atomic<std::uint64_t> frames_still{0};     // not searched: nothing had moved, or no trigger
    std::atomic<std::uint64_t> candidates{0};
    std::atomic<std::uint64_t> passages{0};           // closed or reported
    std::atomic<std::uint64_t> passages_rejoined{0};  // went on with one that was reported: no record
    std::atomic<std::uint64_t> passages_too_far{0};   // unread, and narrower than unread_from_px: no record
    std::atomic<std::uint64_t> passages_unwanted{
        0};  // of a device that keeps hits only: nothing is left of them
    std::atomic<std::uint64_t> pictures_withheld{0};  // they showed another plate than was read
    std::atomic<std::uint64_t> patches{0};            // sent to be read
    std::atomic<std::uint64_t> patches_dropped{0};
    std::atomic<std::uint64_t> patches_spared{0};  // the vote was settled
    std::atomic<std::uint64_t> readings{0};
    std::atomic<std::uint64_t> records{0};    // durable in the spool
    std::atomic<std::uint64_t> unread{0};     // of these, without a text: nothing readable, or abstained
    std::atomic<std::uint64_t> abstained{0};  // passages whose vote lay below min_confidence
    std::atomic<std::uint64_t> commit_retries{0};
    std::atomic<std::uint64_t> records_lost{0};  // given up: each with an error in the log
    std::atomic<bool> camera_lost{false};        // degraded now
    std::atomic<bool> spool_trouble{false};      // degraded now
};

}  // namespace portcullis
