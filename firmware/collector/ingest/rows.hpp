#pragma once
// The rows of the collector's store, as values.

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/sealed_item.hpp"
#include "core/statement.hpp"
#include "core/verdict.hpp"

namespace portcullis {

using RowId = std::int64_t;

/// One life of a device's spool and key, and how far we have it.
struct ChainRow {
    RowId id = 0;
    std::string device;
    ChainId chain;
    /// 0: the chain itself. Else what its device sealed a second time from base + 1 on (a fork).
    std::uint64_t branch = 0;
    Seq base = 0;
    Digest base_link{};  // link(base)
    Seq upto = 0;        // every seq up to here is stored or declared shed
    Digest upto_link{};  // link(upto), by our own count
    Seq last = 0;        // the highest seq that came; a hint as long as it is above `proven`
    Seq confirmed = 0;   // up to here a statement that the device signed has the same link as we have
    Digest confirmed_link{};
    Seq vouched = 0;   // the highest seq of which a key in its dates signed that the item before has our link
    Seq proven = 0;    // the device signed that seqs up to here exist
    Seq mismatch = 0;  // the first item whose signed link is not ours; 0: none
    Seq checkpoint = 0;
    /// The highest seq that a receipt may have promised, and the newest item's row when it was: what was
    /// there by then may be gone at its device.
    Seq promised = 0;
    RowId promised_item = 0;
    /// No further promises beyond what is confirmed: too much of what was promised lost its place.
    bool held = false;
    std::uint64_t duplicates = 0;
    std::uint64_t conflicts = 0;
    UtcTime first_seen_at{};
    UtcTime last_seen_at{};
    UtcTime grown_at{};  // when the newest item was stored

    /// What a receipt may promise: in doubt only what the device has confirmed.
    [[nodiscard]] Seq settled() const { return in_doubt() ? confirmed : upto; }
    [[nodiscard]] const Digest& settled_link() const { return in_doubt() ? confirmed_link : upto_link; }

  private:
    [[nodiscard]] bool in_doubt() const { return mismatch != 0 || held; }
};

/// A stored item; its bytes stand apart.
struct ItemRow {
    RowId id = 0;
    RowId chain_id = 0;
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    Digest digest{};
    std::optional<Digest> link;             // once every item before is here
    std::optional<Digest> signed_previous;  // link(seq - 1) as the device signed it
    UtcTime received_at{};
    std::optional<Verdict> verdict;
    std::optional<UtcTime> verdict_at;
};

/// A stored item, as far as what it is sealed to goes.
struct SealedRow {
    RowId id = 0;
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    UtcTime received_at{};
    /// Row of the audience table; nothing: the blob alone says it.
    std::optional<RowId> audience;
};

/// A life statement that a device signed, at its place.
struct LifeRow {
    RowId chain_id = 0;
    Seq seq = 0;
    LifeStatement life;  // device, chain, last, link and time do not stand in the table
    UtcTime received_at{};
};

struct TombstoneRow {
    Seq first = 0;
    Seq last = 0;
    Digest link{};  // link(last)
};

/// Why a blob stands in quarantine and not in its place.
enum class QuarantineReason {
    refused,      // the gate, the profile or its hints said no: it never had a place
    condemned,    // the opener's (or a statement's) verdict took its place away
    conflicting,  // another blob stood there first
    superseded,   // it gave way to one with a better claim
    unverified    // a statement signed by a key that is not known (yet)
};
[[nodiscard]] std::string_view to_string(QuarantineReason reason);

struct QuarantineRow {
    RowId id = 0;
    std::string device;
    ChainId chain;
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    Digest digest{};
    QuarantineReason reason = QuarantineReason::refused;
    Verdict verdict;
    UtcTime received_at{};
    UtcTime quarantined_at{};
    Seq first = 0;         // of an unverified tombstone: the span that its hints name
    bool kept = false;     // it may have been receipted: never pruned until its place is confirmed
    bool weighed = false;  // the opener has looked at it, although another stands in its place
};

struct VerdictCount {
    std::optional<Verdict> verdict;  // none: the opener has not looked yet
    std::uint64_t count = 0;
};

/// Whether the device signed that it shed what is missing, and what the signing key was worth.
enum class Declared : std::uint8_t {
    no,
    by_key,
    by_expired_key,  // believed, in a chain that a key in its dates has confirmed
    by_lapsed_key    // not believed: the gap stays open
};

struct GapRow {
    Seq first = 0;
    Seq last = 0;
    UtcTime noticed_at{};
    std::optional<UtcTime> closed_at;
    Declared declared = Declared::no;  // of a closed one: by a tombstone
};

}  // namespace portcullis
