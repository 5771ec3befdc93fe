#pragma once
// The ledger: what the store knows of each chain, for people and auditors. Holds no plate data. Reads only;
// bounded by its limits.

#include <vector>

#include "collector/ingest/store.hpp"

namespace portcullis {

inline constexpr std::size_t max_reported_gaps = 100;

struct ChainReport {
    ChainRow chain;
    /// Verdict missing: open gaps whose items existed by their device's signature.
    std::vector<GapRow> missing;
    /// Open gaps of which nothing is signed yet: the items may just be late.
    std::vector<GapRow> late;
    std::vector<GapRow> closed;
    std::vector<LifeRow> lives;
    /// Declared by the lives of this chain, and not by those before.
    std::uint64_t records_lost = 0;
    std::uint64_t frames_dropped = 0;
    std::vector<VerdictCount> stored;       // of what stands in its place
    std::vector<VerdictCount> quarantined;  // of what does not
};

/// A chain that its device says has ended: another one has begun in its place.
struct Succession {
    std::string device;
    ChainId previous;
    ChainId next;
    LifeReason reason = LifeReason::set_aside;
    Seq previous_last = 0;  // at least so far the previous one went
    Seq came = 0;           // so far it came
};
[[nodiscard]] std::vector<Succession> successions(const std::vector<ChainReport>& ledger);
/// Places at which a device had no anchor although it had had one before.
struct LostAnchor {
    const ChainRow* chain;
    Seq seq;
};
[[nodiscard]] std::vector<LostAnchor> lost_anchors(const std::vector<ChainReport>& ledger);

[[nodiscard]] Result<std::vector<ChainReport>> report_ledger(Store& store, std::size_t max_chains);

}  // namespace portcullis
