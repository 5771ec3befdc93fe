#include "collector/ingest/reconciler.hpp"

#include <algorithm>

namespace portcullis {

namespace {

/// A false anchor (a forked device) must not hide a true one behind it.
constexpr std::size_t max_anchors = 4;

/// Against a signed occupant a claim that is signed too is a fork, and gets a branch of its own; before it
/// has been looked at nobody knows.
bool may_replace(const ItemRow& occupant, const QuarantineRow& claim) {
    const bool is_signed = occupant.verdict && occupant.verdict->authenticity == Authenticity::authentic &&
                           occupant.signed_previous;
    if (!is_signed || claim.reason != QuarantineReason::conflicting) return true;
    return claim.weighed && claim.verdict.authenticity != Authenticity::authentic;
}

}  // namespace

Result<bool> Reconciler::mend(ChainRow& chain, UtcTime now) {
    bool changed = false;
    // An anchor at seq speaks of link(seq - 1); the first that tells something new is at confirmed + 2.
    for (const ItemRow& anchor : TRY(store_->items.anchors(chain.id, chain.confirmed + 2, max_anchors))) {
        if (anchor.seq < chain.confirmed + 2) continue;  // confirmed by the one before
        if (anchor.seq - chain.confirmed > max_reconciled_span) return changed;
        const auto stretch = TRY(steps(chain, anchor.seq - 1));
        if (!stretch) return changed;
        const auto choice = find_fit(chain.confirmed_link, *stretch, *anchor.signed_previous);
        if (!choice) continue;
        TRY(apply(chain, *stretch, *choice, anchor, now));
        changed = true;
    }
    return changed;
}

/// The places from chain.confirmed + 1 to last; nothing if one of them has no blob at all.
Result<std::optional<std::vector<Reconciler::Step>>> Reconciler::steps(const ChainRow& chain, Seq last) {
    std::vector<Step> all;
    for (Seq seq = chain.confirmed + 1; seq <= last; ++seq) {
        Step step;
        step.seq = seq;
        if (const auto tombstone = TRY(store_->tombstones.covering(chain.id, seq))) {
            step.jump = tombstone->link;
            seq = tombstone->last;
            if (seq > last) return std::optional<std::vector<Step>>();
        } else {
            const auto occupant = TRY(store_->items.find(chain.id, seq));
            if (occupant) step.options.push_back({occupant->digest, std::nullopt});
            for (QuarantineRow& claim : TRY(store_->quarantine.claims(chain.device, chain.chain, seq)))
                if (!occupant || may_replace(*occupant, claim))
                    step.options.push_back({claim.digest, std::move(claim)});
            if (step.options.empty()) return std::optional<std::vector<Step>>();
        }
        all.push_back(std::move(step));
    }
    return std::optional<std::vector<Step>>(std::move(all));
}

std::optional<Reconciler::Choice> Reconciler::find_fit(const Digest& start, const std::vector<Step>& steps,
                                                       const Digest& wanted) {
    Choice choice(steps.size(), 0);
    for (std::size_t links = 0; links < max_reconciled_links; links += steps.size()) {
        Digest link = start;
        for (std::size_t i = 0; i < steps.size(); ++i)
            link = steps[i].jump ? *steps[i].jump
                                 : next_link(link, steps[i].seq, steps[i].options[choice[i]].digest);
        if (link == wanted) return choice;
        std::size_t wheel = 0;  // the next combination, as an odometer counts
        while (wheel < steps.size() && choice[wheel] + 1 >= steps[wheel].options.size())
            choice[wheel++] = 0;
        if (wheel == steps.size()) return std::nullopt;
        ++choice[wheel];
    }
    return std::nullopt;
}

Result<void> Reconciler::apply(ChainRow& chain, const std::vector<Step>& steps, const Choice& choice,
                               const ItemRow& anchor, UtcTime now) {
    Seq first_changed = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].jump || !steps[i].options[choice[i]].claim) continue;
        TRY(exchange(chain, *steps[i].options[choice[i]].claim, now));
        if (first_changed == 0) first_changed = steps[i].seq;
    }
    // The walk writes the rows' links again from the first place that was in doubt.
    if (chain.upto > chain.confirmed) {
        chain.upto = chain.confirmed;
        chain.upto_link = chain.confirmed_link;
    }
    chain.confirmed = anchor.seq - 1;
    chain.confirmed_link = *anchor.signed_previous;
    chain.mismatch = 0;
    if (first_changed == 0) return {};
    TRY(store_->items.clear_links(chain.id, first_changed));
    TRY(store_->items.clear_misplaced(chain.id, first_changed, anchor.seq));
    return store_->incidents.add(
        {now, chain.device, chain.chain, first_changed,
         fmt::format("the device's signed link at seq {} settled who stands here", anchor.seq - 1)});
}

Result<void> Reconciler::exchange(ChainRow& chain, const QuarantineRow& claim, UtcTime now) {
    const Bytes blob = TRY(store_->quarantine.blob(claim.id));
    TRY(store_->quarantine.remove(claim.id));
    if (const auto occupant = TRY(store_->items.find(chain.id, claim.seq))) {
        QuarantineRow leaving = claim;
        leaving.kind = occupant->kind;
        leaving.digest = occupant->digest;
        leaving.reason = QuarantineReason::superseded;
        leaving.verdict = {Authenticity::conflicting, KeyTrust::unchecked};
        leaving.received_at = occupant->received_at;
        leaving.quarantined_at = now;
        const Bytes bytes = TRY(store_->items.blob(occupant->id));
        TRY(store_->items.remove(occupant->id));
        TRY(store_->quarantine.add(leaving, bytes));
    }
    ItemRow item;
    item.chain_id = chain.id;
    item.seq = claim.seq;
    item.kind = claim.kind;
    item.digest = claim.digest;
    item.received_at = claim.received_at;
    TRY(store_->items.add(item, blob));
    return store_->gaps.close(chain.id, claim.seq, claim.seq, now, Declared::no);
}

}  // namespace portcullis
