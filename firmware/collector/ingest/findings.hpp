#pragma once
// What can be wrong with a chain, in words for a person: what each finding means, and what to do. Pure,
// reentrant.

#include <string>
#include <string_view>

#include "collector/ingest/rows.hpp"

namespace portcullis {

enum class FindingKind {
    missing,            // dropped: its device signed that it existed
    late,               // not there, and nothing signed says that it exists
    tail,               // its device's status names more than has come
    silent,             // nothing is heard of its device
    shed,               // declared by its device
    forged,             // no signature of this device
    unknown_key,        // signed by a key that nobody knows (yet)
    resealed,           // signed by the device, in another envelope than it signed
    forged_tombstone,   // a deletion that its device did not declare
    forged_checkpoint,  // a statement that its device did not make
    damaged,            // truncated or changed on the way
    misplaced,          // replayed or swapped into another place
    conflicting,        // another blob for a place that is taken
    duplicate,          // replayed in its own place
    foreign,            // sealed to somebody else
    mismatch,           // the device's signed link is not ours
    rolled_back,        // sealed a second time from a place on; the first branch has ended
    cloned,             // two branches or chains of one device, both alive
    forked,             // two signatures for one place; not yet known which of the two
    untrusted,          // authentic by a key that is revoked or unfit
    expired,            // authentic by an expired key, within a chain that one in its dates confirmed
    lapsed,             // authentic by an expired key, for which nobody vouches
    lapsed_tombstone,   // declared shed by such a key: the gap stays open
    clock,              // the device's clock cannot be right
    unjudged,           // the opener has not looked yet
    altered,            // the store itself no longer fits together
    given_up,           // lost before it had a seq; declared by its device
    superseded,         // a chain that has ended: its device says why
    set_back,           // the device found an older spool, or another's, in the place of its own
    cut_off,            // the end of a chain that has ended, and has not come
    anchor_lost         // the device had nothing to compare its spool with
};

struct Finding {
    FindingKind kind = FindingKind::missing;
    std::string device;
    ChainId chain;
    std::uint64_t branch = 0;
    Seq first = 0;  // 0: no place
    Seq last = 0;
    std::uint64_t count = 0;
    std::string detail;  // empty or a phrase
};

[[nodiscard]] std::string_view to_string(FindingKind kind);
/// Empty, or a phrase: by which key what is missing was declared as shed.
[[nodiscard]] std::string_view phrase(Declared declared);
/// False: it is told, and is in order.
[[nodiscard]] bool is_doubt(FindingKind kind);
/// A sentence: what it means. Another: what to do.
[[nodiscard]] std::string_view meaning(FindingKind kind);
[[nodiscard]] std::string_view cure(FindingKind kind);
/// "missing: gate-1 chain 0123456789abcdef seq 4 to 6 (3): <meaning> <cure>"
[[nodiscard]] std::string sentence(const Finding& finding);

}  // namespace portcullis
