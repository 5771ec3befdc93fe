#include "collector/ingest/verify.hpp"

#include <algorithm>

#include "collector/ingest/ledger.hpp"
#include "collector/ingest/lookout.hpp"
#include "record/statement_codec.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

constexpr std::size_t rows_per_page = 256;
constexpr std::size_t max_heaps = 100'000;

/// Walks one chain and compares what is stored with what can be computed.
class ChainWalk {
  public:
    ChainWalk(Store& store, const ChainRow& chain) : store_(&store), chain_(&chain) {}

    [[nodiscard]] Result<std::vector<Finding>> walk() {
        link_ = chain_->base_link;
        for (next_ = chain_->base + 1;;) {
            const auto page = TRY(store_->items.from(chain_->id, next_, rows_per_page));
            for (const ItemRow& item : page)
                TRY(visit(item));
            if (page.size() < rows_per_page) break;
        }
        TRY(jump_to(chain_->last + 1));
        return std::move(findings_);
    }

  private:
    [[nodiscard]] Result<void> visit(const ItemRow& item) {
        TRY(jump_to(item.seq));
        const Bytes blob = TRY(store_->items.blob(item.id));
        if (sha256(blob) != item.digest) alter(item.seq, "the blob is not that of its digest");
        TRY(check_statement(item, blob));
        if (!link_ && item.signed_previous) link_ = item.signed_previous;  // a gap lies before
        if (link_ && item.signed_previous && *item.signed_previous != *link_ && chain_->mismatch == 0)
            alter(item.seq, "a signed link is not that of the items before it");
        if (link_) link_ = next_link(*link_, item.seq, item.digest);
        if (link_ && item.link && *item.link != *link_)
            alter(item.seq, "the stored link is not that of the items up to it");
        next_ = item.seq + 1;
        return {};
    }

    /// Over tombstones and gaps; behind a gap no link is known until the device signs one.
    [[nodiscard]] Result<void> jump_to(Seq seq) {
        while (next_ < seq) {
            const auto tombstone = TRY(store_->tombstones.covering(chain_->id, next_));
            if (tombstone)
                link_ = tombstone->link;
            else
                link_.reset();
            if (!tombstone && next_ <= chain_->upto) alter(next_, "an item that was stored is gone");
            next_ = tombstone ? tombstone->last + 1 : TRY(next_known(next_ + 1, seq));
        }
        return {};
    }

    /// The first seq from `seq` on that a tombstone covers, or the goal.
    [[nodiscard]] Result<Seq> next_known(Seq seq, Seq goal) {
        while (seq < goal && !TRY(store_->tombstones.covering(chain_->id, seq)))
            ++seq;
        return std::min(seq, goal);
    }

    /// What stands in its columns must stand in the signed text too. Its signature was judged at the door.
    [[nodiscard]] Result<void> check_statement(const ItemRow& item, ByteView blob) {
        if (item.kind == ItemKind::life) return check_life(item, blob);
        if (item.kind != ItemKind::checkpoint) return {};
        const Result<SignedShape> shape = check_signed_profile(blob);
        const Result<Checkpoint> checkpoint =
            shape ? parse_checkpoint(as_text(shape->content)) : Result<Checkpoint>(fail(shape.error()));
        const bool fits = checkpoint && checkpoint->device == chain_->device &&
                          checkpoint->chain == chain_->chain && checkpoint->last + 1 == item.seq &&
                          (!item.signed_previous || *item.signed_previous == checkpoint->link);
        if (!fits) alter(item.seq, "the checkpoint says something else than its row");
        return {};
    }

    [[nodiscard]] Result<void> check_life(const ItemRow& item, ByteView blob) {
        const Result<SignedShape> shape = check_signed_profile(blob);
        const Result<LifeStatement> life =
            shape ? parse_life(as_text(shape->content)) : Result<LifeStatement>(fail(shape.error()));
        const bool fits = life && life->device == chain_->device && life->chain == chain_->chain &&
                          life->last + 1 == item.seq &&
                          (!item.signed_previous || *item.signed_previous == life->link);
        if (!fits) alter(item.seq, "the life statement says something else than its row");
        if (!fits || item.verdict != Verdict{Authenticity::authentic, KeyTrust::trusted}) return {};
        const auto rows = TRY(lives());
        const auto row = std::ranges::find(rows, item.seq, &LifeRow::seq);
        if (row == rows.end() || !same_words(row->life, *life))
            alter(item.seq, "the ledger's words of a life statement are not the signed ones");
        return {};
    }

    [[nodiscard]] static bool same_words(const LifeStatement& row, const LifeStatement& said) {
        return row.reason == said.reason && row.boots == said.boots && row.previous == said.previous &&
               row.previous_last == said.previous_last && row.previous_link == said.previous_link &&
               row.records_lost == said.records_lost && row.frames_dropped == said.frames_dropped;
    }

    [[nodiscard]] Result<std::vector<LifeRow>> lives() {
        if (!lives_) lives_ = TRY(store_->lives.of(chain_->id));
        return *lives_;
    }

    void alter(Seq seq, std::string detail) {
        findings_.push_back({FindingKind::altered, chain_->device, chain_->chain, chain_->branch, seq, seq, 1,
                             std::move(detail)});
    }

    Store* store_;
    const ChainRow* chain_;
    std::optional<std::vector<LifeRow>> lives_;
    std::optional<Digest> link_;
    Seq next_ = 1;
    std::vector<Finding> findings_;
};

/// Of a signature that holds.
FindingKind kind_of(KeyTrust trust) {
    switch (trust) {
        case KeyTrust::stranger:
            return FindingKind::unknown_key;
        case KeyTrust::expired:
            return FindingKind::expired;
        case KeyTrust::lapsed:
            return FindingKind::lapsed;
        default:
            return FindingKind::untrusted;
    }
}

FindingKind kind_of(const QuarantineHeap& heap) {
    if (heap.reason == QuarantineReason::unverified) return FindingKind::unknown_key;
    switch (heap.verdict.authenticity) {
        case Authenticity::forged:
            if (heap.kind == ItemKind::tombstone) return FindingKind::forged_tombstone;
            if (is_statement(heap.kind)) return FindingKind::forged_checkpoint;
            if (heap.verdict.key_trust == KeyTrust::stranger) return FindingKind::unknown_key;
            return heap.verdict.key_trust == KeyTrust::unchecked ? FindingKind::forged
                                                                 : FindingKind::resealed;
        case Authenticity::damaged:
            return FindingKind::damaged;
        case Authenticity::misplaced:
            return FindingKind::misplaced;
        case Authenticity::unopened:
            return FindingKind::foreign;
        case Authenticity::duplicate:
            return FindingKind::duplicate;
        case Authenticity::authentic:
            if (heap.kind == ItemKind::tombstone && heap.verdict.key_trust == KeyTrust::lapsed)
                return FindingKind::lapsed_tombstone;
            return heap.verdict.key_trust == KeyTrust::trusted ? FindingKind::forked
                                                               : kind_of(heap.verdict.key_trust);
        default:
            return FindingKind::conflicting;
    }
}

/// Nothing when it is as it should be.
std::optional<FindingKind> kind_of(const std::optional<Verdict>& verdict) {
    if (!verdict) return FindingKind::unjudged;
    switch (verdict->authenticity) {
        case Authenticity::authentic:
            if (verdict->good()) return std::nullopt;
            return kind_of(verdict->key_trust);
        case Authenticity::unopened:
            return FindingKind::foreign;
        case Authenticity::damaged:
            return FindingKind::damaged;
        case Authenticity::misplaced:
            return FindingKind::misplaced;
        default:
            return verdict->key_trust == KeyTrust::stranger ? FindingKind::unknown_key : FindingKind::forged;
    }
}

class Inspection {
  public:
    explicit Inspection(Store& store) : store_(&store) {}

    [[nodiscard]] Result<VerifyReport> run(std::size_t max_chains) {
        const auto ledger = TRY(report_ledger(*store_, max_chains + 1));
        if (ledger.size() > max_chains)
            return fail(ErrorCode::exhausted, "the store holds more than {} chains; raise --chains",
                        max_chains);
        for (const ChainReport& chain : ledger)
            TRY(look_at(chain, ledger));
        for (const QuarantineHeap& heap : TRY(store_->quarantine.heaps(max_heaps)))
            report_.findings.push_back({kind_of(heap), heap.device, heap.chain, 0, heap.first, heap.last,
                                        heap.count, words_of(heap)});
        look_at_lives(ledger);
        TRY(look_at_devices());
        return std::move(report_);
    }

  private:
    static std::string words_of(const QuarantineHeap& heap) {
        std::string words = fmt::format("{}, {}", to_string(heap.kind), to_string(heap.verdict.authenticity));
        if (heap.verdict.key_trust != KeyTrust::unchecked)
            words += fmt::format(", key {}", to_string(heap.verdict.key_trust));
        return words;
    }

    void add(FindingKind kind, const ChainRow& chain, Seq first, Seq last, std::uint64_t count,
             std::string detail = {}) {
        report_.findings.push_back(
            {kind, chain.device, chain.chain, chain.branch, first, last, count, std::move(detail)});
    }

    void add_gap(FindingKind kind, const ChainRow& chain, const GapRow& gap) {
        add(kind, chain, gap.first, gap.last, gap.last - gap.first + 1, std::string(phrase(gap.declared)));
    }

    [[nodiscard]] Result<void> look_at(const ChainReport& report, const std::vector<ChainReport>& all) {
        const ChainRow& chain = report.chain;
        ChainSummary summary{chain, 0, 0};
        for (const VerdictCount& count : report.stored) {
            summary.items += count.count;
            if (count.verdict && count.verdict->good()) summary.good += count.count;
            if (const auto kind = kind_of(count.verdict))
                add(*kind, chain, 0, 0, count.count,
                    count.verdict ? fmt::format("{}, key {}", to_string(count.verdict->authenticity),
                                                to_string(count.verdict->key_trust))
                                  : std::string());
            if (count.verdict && count.verdict->clock != ClockDoubt::none)
                add(FindingKind::clock, chain, 0, 0, count.count,
                    std::string(to_string(count.verdict->clock)));
        }
        report_.chains.push_back(summary);
        for (Finding& finding : TRY(ChainWalk(*store_, chain).walk()))
            report_.findings.push_back(std::move(finding));
        for (const GapRow& gap : report.missing)
            add_gap(FindingKind::missing, chain, gap);
        for (const GapRow& gap : report.late)
            add_gap(FindingKind::late, chain, gap);
        for (const GapRow& gap : report.closed)
            if (gap.declared != Declared::no) add_gap(FindingKind::shed, chain, gap);
        if (chain.mismatch != 0) add(FindingKind::mismatch, chain, chain.mismatch, chain.mismatch, 1);
        if (chain.duplicates != 0) add(FindingKind::duplicate, chain, 0, 0, chain.duplicates);
        if (report.records_lost != 0 || report.frames_dropped != 0)
            add(FindingKind::given_up, chain, 0, 0, report.records_lost + report.frames_dropped,
                fmt::format("{} records, {} frames", report.records_lost, report.frames_dropped));
        if (chain.branch != 0) look_at_branch(chain, all);
        return {};
    }

    /// By the order in which the branches grew: see README.md.
    void look_at_branch(const ChainRow& branch, const std::vector<ChainReport>& all) {
        bool older_lives = false;
        for (const ChainReport& other : all)
            if (other.chain.device == branch.device && other.chain.chain == branch.chain &&
                other.chain.branch < branch.branch && other.chain.grown_at > branch.first_seen_at)
                older_lives = true;
        const FindingKind kind = older_lives                      ? FindingKind::cloned
                                 : branch.confirmed > branch.base ? FindingKind::rolled_back
                                                                  : FindingKind::forked;
        add(kind, branch, branch.base + 1, branch.last, branch.last - branch.base);
    }

    void look_at_lives(const std::vector<ChainReport>& ledger) {
        for (const Succession& one : successions(ledger)) {
            Finding finding{FindingKind::superseded, one.device, one.previous, 0, 0, 0, 1, {}};
            if (one.reason == LifeReason::rolled_back) finding.kind = FindingKind::set_back;
            finding.detail = fmt::format("{}: chain {} follows", to_string(one.reason), to_string(one.next));
            report_.findings.push_back(finding);
            if (one.came >= one.previous_last) continue;
            report_.findings.push_back({FindingKind::cut_off,
                                        one.device,
                                        one.previous,
                                        0,
                                        one.came + 1,
                                        one.previous_last,
                                        one.previous_last - one.came,
                                        {}});
        }
        for (const LostAnchor& one : lost_anchors(ledger))
            add(FindingKind::anchor_lost, *one.chain, one.seq, one.seq, 1);
    }

    [[nodiscard]] Result<void> look_at_devices() {
        for (const DeviceRow& device : TRY(store_->devices.all(max_devices))) {
            Finding finding;
            finding.device = device.name;
            finding.count = 1;
            if (device.silent_since) {
                finding.kind = FindingKind::silent;
                finding.detail = "since " + to_iso8601(*device.silent_since);
                report_.findings.push_back(finding);
            }
            if (device.tail_told) {
                finding.kind = FindingKind::tail;
                finding.chain = device.status_chain.value_or(ChainId());
                finding.detail = fmt::format("its status names seq {}", device.status_last);
                report_.findings.push_back(finding);
            }
            if (device.returns >= cloned_after_returns) {
                finding.kind = FindingKind::cloned;
                finding.chain = ChainId();
                finding.detail = "two chains, by turns";
                report_.findings.push_back(finding);
            }
        }
        return {};
    }

    Store* store_;
    VerifyReport report_;
};

}  // namespace

bool VerifyReport::in_order() const {
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return is_doubt(finding.kind); });
}

Result<VerifyReport> verify_store(Store& store, std::size_t max_chains) {
    return Inspection(store).run(max_chains);
}

std::string text_of(const VerifyReport& report) {
    std::string text;
    for (const ChainSummary& summary : report.chains) {
        const ChainRow& chain = summary.chain;
        const std::string branch =
            chain.branch == 0 ? "" : fmt::format(" branch {} from seq {}", chain.branch, chain.base + 1);
        text += fmt::format(
            "{} chain {}{}: {} items, {} of them authentic by a trusted key; stored without a gap up to seq "
            "{}, confirmed by the device's signature up to seq {}.\n",
            chain.device, to_string(chain.chain), branch, summary.items, summary.good, chain.upto,
            chain.confirmed);
    }
    for (const bool doubt : {true, false})
        for (const Finding& finding : report.findings)
            if (is_doubt(finding.kind) == doubt)
                text += fmt::format("{} {}\n", doubt ? '!' : ' ', sentence(finding));
    return text +
           (report.in_order() ? "Everything is in order.\n" : "There is doubt: see the lines with '!'.\n");
}

}  // namespace portcullis
