#include "collector/ingest/ledger.hpp"

#include <algorithm>

namespace portcullis {

namespace {

/// Cut where a lapsed key's declarations begin and end; in order, they may overlap.
std::vector<GapRow> cut(const GapRow& gap, const std::vector<QuarantineRow>& lapsed) {
    std::vector<GapRow> parts;
    GapRow rest = gap;
    const auto take = [&](Seq last, Declared how) {
        parts.push_back(rest);
        parts.back().last = last;
        parts.back().declared = how;
        rest.first = last + 1;
    };
    for (const QuarantineRow& tombstone : lapsed) {
        if (rest.first > rest.last || tombstone.seq < rest.first || tombstone.first > rest.last) continue;
        if (tombstone.first > rest.first) take(tombstone.first - 1, Declared::no);
        take(std::min(tombstone.seq, rest.last), Declared::by_lapsed_key);
    }
    if (rest.first <= rest.last) parts.push_back(rest);
    return parts;
}

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

const ChainReport* find(const std::vector<ChainReport>& ledger, const std::string& device,
                        const ChainId& chain) {
    for (const ChainReport& report : ledger)
        if (report.chain.device == device && report.chain.chain == chain && report.chain.branch == 0)
            return &report;
    return nullptr;
}

/// What its device had declared when this chain, or this branch of it, began.
LifeStatement declared_before(const ChainReport& report, const std::vector<ChainReport>& ledger) {
    const bool branch = report.chain.branch != 0;
    const bool follows = !report.lives.empty() && begins_chain(report.lives.front().life.reason);
    if (!branch && !follows) return {};
    const ChainId from = branch ? report.chain.chain : report.lives.front().life.previous;
    const ChainReport* before = find(ledger, report.chain.device, from);
    LifeStatement declared;
    if (before == nullptr) return declared;
    for (const LifeRow& row : before->lives)
        if (!branch || row.seq <= report.chain.base) declared = row.life;
    return declared;
}

/// The sums grow as long as the device keeps its anchor; a new one begins at nought.
void sum_losses(ChainReport& report, const std::vector<ChainReport>& ledger) {
    LifeStatement before = declared_before(report, ledger);
    for (const LifeRow& row : report.lives) {
        const LifeStatement& now = row.life;
        const bool goes_on = now.boots >= before.boots && now.records_lost >= before.records_lost &&
                             now.frames_dropped >= before.frames_dropped;
        report.records_lost += now.records_lost - (goes_on ? before.records_lost : 0);
        report.frames_dropped += now.frames_dropped - (goes_on ? before.frames_dropped : 0);
        before = now;
    }
}

}  // namespace

std::vector<Succession> successions(const std::vector<ChainReport>& ledger) {
    std::vector<Succession> found;
    for (const ChainReport& report : ledger)
        for (const LifeRow& row : report.lives) {
            if (!begins_chain(row.life.reason) || row.life.previous == ChainId()) continue;
            Succession one{report.chain.device, row.life.previous,      report.chain.chain,
                           row.life.reason,     row.life.previous_last, 0};
            if (const ChainReport* before = find(ledger, one.device, one.previous))
                one.came = before->chain.last;
            found.push_back(std::move(one));
        }
    return found;
}

std::vector<LostAnchor> lost_anchors(const std::vector<ChainReport>& ledger) {
    std::vector<LostAnchor> found;
    for (const ChainReport& report : ledger)
        for (const LifeRow& row : report.lives) {
            if (row.life.reason != LifeReason::anchor_lost) continue;
            const bool had_one = std::ranges::any_of(ledger, [&](const ChainReport& other) {
                return other.chain.device == report.chain.device &&
                       std::ranges::any_of(other.lives, [&](const LifeRow& earlier) {
                           return earlier.received_at < row.received_at ||
                                  (other.chain.id == report.chain.id && earlier.seq < row.seq);
                       });
            });
            if (had_one) found.push_back({&report.chain, row.seq});
        }
    return found;
}

Result<std::vector<ChainReport>> report_ledger(Store& store, std::size_t max_chains) {
    std::vector<ChainReport> reports;
    for (const ChainRow& chain : TRY(store.chains.all(max_chains))) {
        ChainReport report;
        report.chain = chain;
        const auto lapsed =
            TRY(store.quarantine.lapsed_tombstones(chain.device, chain.chain, max_reported_gaps));
        for (const GapRow& gap : TRY(store.gaps.of(chain.id, true, max_reported_gaps)))
            for (const GapRow& part : cut(gap, lapsed))
                sort_gap(report, part);
        report.closed = TRY(store.gaps.of(chain.id, false, max_reported_gaps));
        report.lives = TRY(store.lives.of(chain.id));
        report.stored = TRY(store.items.verdicts(chain.id));
        report.quarantined = TRY(store.quarantine.verdicts(chain.device, chain.chain));
        reports.push_back(std::move(report));
    }
    for (ChainReport& report : reports)
        sum_losses(report, reports);
    return reports;
}

}  // namespace portcullis
