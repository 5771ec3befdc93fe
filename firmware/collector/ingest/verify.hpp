#pragma once
// Verify: walks each chain of a store without any key: digests, links, checkpoints, tombstones, gaps, forks,
// verdicts; says what is to be said about each. Reads only.

#include <vector>

#include "collector/ingest/findings.hpp"
#include "collector/ingest/store.hpp"

namespace portcullis {

struct ChainSummary {
    ChainRow chain;
    std::uint64_t items = 0;
    std::uint64_t good = 0;  // authentic by a trusted key
};

struct VerifyReport {
    std::vector<ChainSummary> chains;
    std::vector<Finding> findings;
    [[nodiscard]] bool in_order() const;
};

/// Errors: the database's; exhausted (more chains than max_chains: a part would look like the whole).
[[nodiscard]] Result<VerifyReport> verify_store(Store& store, std::size_t max_chains);

/// One line a chain, one a finding (doubts first, marked with '!'), and the sum of it.
[[nodiscard]] std::string text_of(const VerifyReport& report);

}  // namespace portcullis
