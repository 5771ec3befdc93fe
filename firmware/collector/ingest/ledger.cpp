#include "collector/ingest/ledger.hpp"

#include <algorithm>

namespace portcullis {

namespace {

/// An open gap may be proven in its lower part only.
void sort_gap(ChainReport& report, const GapRow& gap) {
    const Seq proven = report.chain.proven;
    if (gap.first <= proven) {
        GapRow part = gap;
        part.last = std::min(gap.last, proven);
        report.missing.push_back(part);
    }
    if (gap.last > proven) {
        GapRow part = gap;
        part.first = std::max(gap.first, proven + 1);
        report.late.push_back(part);
    }
}

}  // namespace

Result<std::vector<ChainReport>> report_ledger(Store& store, std::size_t max_chains) {
    std::vector<ChainReport> reports;
    for (const ChainRow& chain : TRY(store.chains.all(max_chains))) {
        ChainReport report;
        report.chain = chain;
        for (const GapRow& gap : TRY(store.gaps.of(chain.id, true, max_reported_gaps)))
            sort_gap(report, gap);
        report.closed = TRY(store.gaps.of(chain.id, false, max_reported_gaps));
        report.stored = TRY(store.items.verdicts(chain.id));
        report.quarantined = TRY(store.quarantine.verdicts(chain.device, chain.chain));
        reports.push_back(std::move(report));
    }
    return reports;
}

}  // namespace portcullis
