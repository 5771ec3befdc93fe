#pragma once
// The rows of the collector's store, as values.

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/sealed_item.hpp"
#include "core/verdict.hpp"

namespace portcullis {

using RowId = std::int64_t;

/// One life of a device's spool and key, and how far we have it.
struct ChainRow {
    RowId id = 0;
    std::string device;
    ChainId chain;
    Seq upto = 0;        // every seq up to here is stored or declared shed
    Digest upto_link{};  // link(upto), by our own count
    Seq last = 0;        // the highest seq that came; a hint as long as it is above `proven`
    Seq confirmed = 0;   // up to here a statement that the device signed has the same link as we have
    Digest confirmed_link{};
    Seq proven = 0;    // the device signed that seqs up to here exist
    Seq mismatch = 0;  // the first item whose signed link is not ours; 0: none
    Seq checkpoint = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t conflicts = 0;
    UtcTime first_seen_at{};
    UtcTime last_seen_at{};

    /// What a receipt may promise: with a mismatch only what the device has confirmed.
    [[nodiscard]] Seq settled() const { return mismatch == 0 ? upto : confirmed; }
    [[nodiscard]] const Digest& settled_link() const { return mismatch == 0 ? upto_link : confirmed_link; }
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
    superseded    // it gave way to one with a better claim
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
};

struct VerdictCount {
    std::optional<Verdict> verdict;  // none: the opener has not looked yet
    std::uint64_t count = 0;
};

struct GapRow {
    Seq first = 0;
    Seq last = 0;
    UtcTime noticed_at{};
    std::optional<UtcTime> closed_at;
    bool declared = false;  // closed by a tombstone
};

}  // namespace portcullis
