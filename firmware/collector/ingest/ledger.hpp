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
    std::vector<VerdictCount> stored;       // of what stands in its place
    std::vector<VerdictCount> quarantined;  // of what does not
};

[[nodiscard]] Result<std::vector<ChainReport>> report_ledger(Store& store, std::size_t max_chains);

}  // namespace portcullis
