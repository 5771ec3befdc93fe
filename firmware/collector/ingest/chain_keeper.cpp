#include "collector/ingest/chain_keeper.hpp"

#include <algorithm>

#include "collector/ingest/reconciler.hpp"

namespace portcullis {

namespace {

/// Of one chain; a device that was set back more often waits for a person.
constexpr std::size_t max_branches = 16;
/// Behind a read that changes branches, its pictures.
constexpr Seq max_followers = 8;
/// A transaction walks no further; the rest follows with the next batch.
constexpr int max_walk = 4096;

bool condemns(const Verdict& verdict, bool in_place) {
    switch (verdict.authenticity) {
        case Authenticity::damaged:
        case Authenticity::forged:
            return true;
        case Authenticity::misplaced:
            return !in_place;
        default:
            return false;
    }
}

/// An Arrival or an ItemRow, as quarantine takes it.
template <class Blob>
QuarantineRow quarantined(const ChainRow& chain, const Blob& blob, QuarantineReason reason,
                          const Verdict& verdict, UtcTime now) {
    QuarantineRow row;
    row.device = chain.device;
    row.chain = chain.chain;
    row.seq = blob.seq;
    row.kind = blob.kind;
    row.digest = blob.digest;
    row.reason = reason;
    row.verdict = verdict;
    row.received_at = blob.received_at;
    row.quarantined_at = now;
    return row;
}

/// May a newcomer take the occupant's place at once? Only from one of whom nothing is known, or nothing can
/// be known (sealed to somebody else).
bool gives_way(const ItemRow& occupant, const Arrival& arrival) {
    if (occupant.verdict) return occupant.verdict->authenticity == Authenticity::unopened;
    return arrival.verdict && is_believed(arrival.verdict->key_trust);
}

}  // namespace

bool ChainKeeper::vouches(const ChainRow& chain, Seq seq) {
    return chain.vouched != 0 && seq <= chain.upto + 1 && (chain.mismatch == 0 || seq < chain.mismatch);
}

KeyTrust ChainKeeper::worth(const ChainRow& chain, Seq seq, KeyTrust trust) {
    return trust == KeyTrust::expired && !vouches(chain, seq) ? KeyTrust::lapsed : trust;
}

Result<void> ChainKeeper::incident(const ChainRow& chain, Seq seq, std::string what, UtcTime now) {
    return store_->incidents.add({now, chain.device, chain.chain, seq, std::move(what)});
}

Result<Placement> ChainKeeper::place(ChainRow& chain, const Arrival& arrival) {
    chain.last_seen_at = arrival.received_at;
    // Nothing stands above `last`: what comes in order meets nobody.
    const auto occupant =
        arrival.seq > chain.last ? std::nullopt : TRY(store_->items.find(chain.id, arrival.seq));
    if (occupant) return meet_occupant(chain, *occupant, arrival);
    for (const QuarantineRow& claim :
         TRY(store_->quarantine.claims(chain.device, chain.chain, arrival.seq))) {
        if (claim.digest != arrival.digest || claim.kind != arrival.kind) continue;
        if (claim.reason == QuarantineReason::condemned &&
            arrival.received_at - claim.quarantined_at < retry_condemned_after)
            return Placement::condemned_before;
        TRY(store_->quarantine.remove(claim.id));
    }
    TRY(store(chain, arrival));
    return Placement::stored;
}

Result<Placement> ChainKeeper::place_statement(ChainRow& chain, Seq seq, const DeviceStatement& statement,
                                               Bytes blob, UtcTime received_at) {
    if (statement.tombstone) {
        const bool fresh =
            TRY(declare_shed(chain, *statement.tombstone, statement.verdict.key_trust, blob, received_at));
        return fresh ? Placement::stored : Placement::duplicate;
    }
    Arrival arrival;
    arrival.seq = seq;
    arrival.kind = statement.life ? ItemKind::life : ItemKind::checkpoint;
    arrival.digest = sha256(blob);
    arrival.blob = std::move(blob);
    arrival.received_at = received_at;
    arrival.verdict = statement.verdict;
    arrival.signed_previous = statement.signed_previous();
    const Placement placement = TRY(place(chain, arrival));
    if (placement == Placement::stored && statement.believed()) {
        chain.proven = std::max(chain.proven, seq);
        chain.checkpoint = std::max(chain.checkpoint, seq);
        if (statement.life) TRY(store_->lives.keep({chain.id, seq, *statement.life, received_at}));
    }
    return placement;
}

Result<Placement> ChainKeeper::meet_occupant(ChainRow& chain, const ItemRow& occupant,
                                             const Arrival& arrival) {
    if (occupant.digest == arrival.digest) {
        ++chain.duplicates;
        // The kind is a hint of the topic: for an item not yet judged the newest one counts.
        if (!occupant.verdict && occupant.kind != arrival.kind) {
            TRY(store_->items.set_kind(occupant.id, arrival.kind));
            rejudge_ = true;
        }
        return Placement::duplicate;
    }
    for (const QuarantineRow& claim :
         TRY(store_->quarantine.claims(chain.device, chain.chain, arrival.seq))) {
        if (claim.digest != arrival.digest || claim.kind != arrival.kind) continue;
        ++chain.duplicates;
        // Signed by the device, but what it hangs on was not known: perhaps it is now.
        if (claim.weighed && claim.verdict.authenticity == Authenticity::authentic)
            TRY(store_->quarantine.unweigh(claim.id));
        return Placement::conflicting;
    }
    ++chain.conflicts;
    reconsider_.insert(chain.id);
    TRY(incident(chain, arrival.seq, "conflicting", arrival.received_at));
    if (arrival.seq > chain.confirmed && gives_way(occupant, arrival)) {
        TRY(evict(chain, occupant, QuarantineReason::superseded,
                  occupant.verdict.value_or(Verdict{Authenticity::conflicting, KeyTrust::unchecked}),
                  arrival.received_at));
        TRY(store(chain, arrival));
        return Placement::stored;
    }
    TRY(set_aside(chain, arrival, QuarantineReason::conflicting,
                  {Authenticity::conflicting, KeyTrust::unchecked}));
    return Placement::conflicting;
}

Result<void> ChainKeeper::set_aside(const ChainRow& chain, const Arrival& arrival, QuarantineReason reason,
                                    const Verdict& verdict) {
    QuarantineRow row = quarantined(chain, arrival, reason, verdict, arrival.received_at);
    // A picture has no signature of its own: it follows its read.
    row.weighed = arrival.kind == ItemKind::plate || arrival.kind == ItemKind::overview;
    return store_->quarantine.add(row, arrival.blob);
}

Result<void> ChainKeeper::store(ChainRow& chain, const Arrival& arrival) {
    ItemRow item;
    item.chain_id = chain.id;
    item.seq = arrival.seq;
    item.kind = arrival.kind;
    item.digest = arrival.digest;
    item.received_at = arrival.received_at;
    item.verdict = arrival.verdict;
    item.verdict_at = arrival.received_at;
    item.signed_previous = arrival.signed_previous;
    TRY(store_->items.add(item, arrival.blob));
    if (arrival.signed_previous) reconsider_.insert(chain.id);
    chain.grown_at = std::max(chain.grown_at, arrival.received_at);
    if (arrival.seq <= chain.last)
        return store_->gaps.close(chain.id, arrival.seq, arrival.seq, arrival.received_at, Declared::no);
    if (arrival.seq > chain.last + 1)
        TRY(store_->gaps.open(chain.id, chain.last + 1, arrival.seq - 1, arrival.received_at));
    chain.last = arrival.seq;
    return {};
}

Result<bool> ChainKeeper::declare_shed(ChainRow& chain, const Tombstone& tombstone, KeyTrust trust,
                                       ByteView blob, UtcTime now) {
    chain.last_seen_at = now;
    const TombstoneRow row{tombstone.first, tombstone.last, tombstone.link};
    if (!TRY(store_->tombstones.add(chain.id, row, blob, now))) {
        ++chain.duplicates;
        return false;
    }
    if (row.last <= chain.upto) {
        const auto ours = TRY(link_at(chain, row.last));
        if (ours && *ours != row.link) TRY(incident(chain, row.last, "tombstone's link is not ours", now));
    }
    const bool expired = trust == KeyTrust::expired;
    TRY(incident(chain, row.first,
                 fmt::format("shed by the device up to seq {}{}", row.last,
                             expired ? ", declared by an expired key" : ""),
                 now));
    // What was not missed yet is declared all the same: the ledger shows every span that was.
    if (row.last > chain.last) TRY(store_->gaps.open(chain.id, chain.last + 1, row.last, now));
    TRY(store_->gaps.close(chain.id, row.first, row.last, now,
                           expired ? Declared::by_expired_key : Declared::by_key));
    chain.last = std::max(chain.last, row.last);
    chain.proven = std::max(chain.proven, row.last);
    reconsider_.insert(chain.id);
    return true;
}

Result<void> ChainKeeper::apply_verdict(ChainRow& chain, const ItemRow& item, const Verdict& verdict,
                                        const std::optional<Digest>& signed_previous, bool in_place,
                                        UtcTime now) {
    if (!verdict.good())
        TRY(incident(chain, item.seq,
                     fmt::format("{}, key {}", to_string(verdict.authenticity), to_string(verdict.key_trust)),
                     now));
    const bool astray = verdict.authenticity == Authenticity::misplaced && in_place && signed_previous &&
                        is_believed(verdict.key_trust) && item.seq > chain.confirmed;
    if (astray && TRY(change_branch(chain, item, *signed_previous, now))) return {};
    if (condemns(verdict, in_place) && item.seq > chain.confirmed) {
        const bool unknown = is_statement(item.kind) && verdict.key_trust == KeyTrust::stranger;
        TRY(evict(chain, item, unknown ? QuarantineReason::unverified : QuarantineReason::condemned, verdict,
                  now));
        TRY(promote(chain, item.seq));
        return {};
    }
    const bool believed = signed_previous && is_believed(verdict.key_trust);
    const auto anchor = believed ? signed_previous : item.signed_previous;
    TRY(store_->items.set_verdict(item.id, verdict, now, anchor));
    if (believed) {
        chain.proven = std::max(chain.proven, item.seq);
        reconsider_.insert(chain.id);
        if (item.seq <= chain.upto)
            if (const auto previous = TRY(link_at(chain, item.seq - 1)))
                TRY(weigh(chain, item.seq, *signed_previous, *previous, verdict.key_trust, now));
    }
    if (verdict.authenticity != Authenticity::unopened || item.seq <= chain.confirmed) return {};
    // Sealed to somebody else: whoever waits for this place may show whether he has a better claim.
    const auto claims = TRY(store_->quarantine.claims(chain.device, chain.chain, item.seq));
    const bool waiting = std::any_of(claims.begin(), claims.end(), [](const QuarantineRow& claim) {
        return claim.reason == QuarantineReason::conflicting;
    });
    if (!waiting) return {};
    TRY(evict(chain, item, QuarantineReason::superseded, verdict, now));
    TRY(promote(chain, item.seq));
    return {};
}

Result<void> ChainKeeper::evict(ChainRow& chain, const ItemRow& item, QuarantineReason reason,
                                const Verdict& verdict, UtcTime now) {
    const Bytes blob = TRY(store_->items.blob(item.id));
    QuarantineRow row = quarantined(chain, item, reason, verdict, now);
    // Its device may have had a receipt for it, and may have forgotten it.
    row.kept = item.seq <= chain.promised && item.id <= chain.promised_item;
    TRY(store_->items.remove(item.id));
    TRY(fall_back(chain, item.seq));
    TRY(reopen_gap(chain, item.seq, now));
    reconsider_.insert(chain.id);
    return store_->quarantine.add(row, blob);
}

/// The place at seq is empty now: what was computed from it on is void.
Result<void> ChainKeeper::fall_back(ChainRow& chain, Seq seq) {
    if (seq > chain.upto || TRY(store_->tombstones.covering(chain.id, seq))) return {};
    const auto link = TRY(link_at(chain, seq - 1));
    TRY(store_->items.clear_links(chain.id, seq));
    chain.upto = link ? seq - 1 : chain.confirmed;
    chain.upto_link = link.value_or(chain.confirmed_link);
    if (chain.mismatch >= seq) chain.mismatch = 0;
    return {};
}

Result<void> ChainKeeper::reopen_gap(ChainRow& chain, Seq seq, UtcTime now) {
    if (seq == chain.last)
        chain.last = std::max({
            TRY(store_->items.last_seq(chain.id))
            , TRY(store_->tombstones.last_seq(chain.id))
            , chain.proven, chain.upto
        });
    TRY(store_->gaps.forget_above(chain.id, chain.last));
    if (seq > chain.last || TRY(store_->tombstones.covering(chain.id, seq))) return {};
    return store_->gaps.open(chain.id, seq, seq, now);
}

/// The oldest of those who came later for an occupied place gets it; then one who had to leave it
/// uncondemned.
Result<bool> ChainKeeper::promote(ChainRow& chain, Seq seq) {
    const auto claims = TRY(store_->quarantine.claims(chain.device, chain.chain, seq));
    for (const QuarantineReason reason : {QuarantineReason::conflicting, QuarantineReason::superseded}) {
        const auto place = std::find_if(claims.begin(), claims.end(),
                                        [&](const QuarantineRow& row) { return row.reason == reason; });
        if (place == claims.end()) continue;
        const QuarantineRow& claim = *place;
        Arrival arrival;
        arrival.seq = seq;
        arrival.kind = claim.kind;
        arrival.digest = claim.digest;
        arrival.received_at = claim.received_at;
        arrival.blob = TRY(store_->quarantine.blob(claim.id));
        TRY(store_->quarantine.remove(claim.id));
        TRY(store(chain, arrival));
        return true;
    }
    return false;
}

Result<bool> ChainKeeper::branch_off(const QuarantineRow& claim, const Digest& signed_previous, UtcTime now) {
    std::vector<ChainRow> branches = TRY(store_->chains.branches(claim.device, claim.chain));
    ChainRow* parent = nullptr;
    for (ChainRow& branch : branches) {
        if (claim.seq <= branch.base || TRY(link_at(branch, claim.seq - 1)) != signed_previous) continue;
        if (!TRY(store_->items.find(branch.id, claim.seq))) return claim_place(branch, claim, now);
        parent = &branch;
    }
    if (parent == nullptr) return false;
    TRY(incident(*parent, claim.seq, "forked: two blobs with good signatures for one place", now));
    if (branches.size() > max_branches) return false;
    ChainRow branch = TRY(store_->chains.add_branch(*parent, claim.seq - 1, signed_previous, now));
    return claim_place(branch, claim, now);
}

/// The claim gets its place in this branch, and those behind it that wait for theirs.
Result<bool> ChainKeeper::claim_place(ChainRow& branch, const QuarantineRow& claim, UtcTime now) {
    Arrival arrival;
    arrival.seq = claim.seq;
    arrival.kind = claim.kind;
    arrival.digest = claim.digest;
    arrival.received_at = claim.received_at;
    arrival.blob = TRY(store_->quarantine.blob(claim.id));
    TRY(store_->quarantine.remove(claim.id));
    TRY(store(branch, arrival));
    for (Seq seq = claim.seq + 1; seq <= claim.seq + max_followers; ++seq)
        if (TRY(store_->items.find(branch.id, seq)) || !TRY(promote(branch, seq))) break;
    TRY(settle(branch, now));
    if (branch.id != 0) TRY(gather(branch, now));
    if (branch.id != 0) TRY(store_->chains.save(branch));
    rejudge_ = true;
    return true;
}

/// What stands in another branch from its mismatch on, if the device signed it for behind this one.
Result<void> ChainKeeper::gather(ChainRow& branch, UtcTime now) {
    for (ChainRow& other : TRY(store_->chains.branches(branch.device, branch.chain))) {
        const Seq first = other.mismatch;
        if (other.id == branch.id || first <= branch.base) continue;
        const auto item = TRY(store_->items.find(other.id, first));
        if (!item || !item->signed_previous || TRY(link_at(branch, first - 1)) != item->signed_previous)
            continue;
        for (const ItemRow& row : TRY(store_->items.from(other.id, first, max_walk)))
            if (!TRY(store_->items.find(branch.id, row.seq))) TRY(move(other, branch, row, now));
        TRY(settle(other, now));
        if (other.id != 0) TRY(store_->chains.save(other));
        TRY(settle(branch, now));
        rejudge_ = true;
    }
    return {};
}

Result<bool> ChainKeeper::change_branch(ChainRow& chain, const ItemRow& item, const Digest& signed_previous,
                                        UtcTime now) {
    for (ChainRow& other : TRY(store_->chains.branches(chain.device, chain.chain))) {
        if (other.id == chain.id || item.seq <= other.base) continue;
        if (TRY(link_at(other, item.seq - 1)) != signed_previous) continue;
        if (TRY(store_->items.find(other.id, item.seq))) continue;
        TRY(move(chain, other, item, now));
        for (Seq seq = item.seq + 1; seq <= item.seq + max_followers; ++seq) {
            const auto picture = TRY(store_->items.find(chain.id, seq));
            const bool follows = picture && picture->seq > chain.confirmed &&
                                 (picture->kind == ItemKind::plate || picture->kind == ItemKind::overview);
            if (!follows || TRY(store_->items.find(other.id, seq))) break;
            TRY(move(chain, other, *picture, now));
        }
        TRY(settle(other, now));
        if (other.id != 0) TRY(store_->chains.save(other));
        rejudge_ = true;
        return true;
    }
    return false;
}

Result<void> ChainKeeper::move(ChainRow& from, ChainRow& to, const ItemRow& item, UtcTime now) {
    Arrival arrival;
    arrival.seq = item.seq;
    arrival.kind = item.kind;
    arrival.digest = item.digest;
    arrival.received_at = item.received_at;
    arrival.blob = TRY(store_->items.blob(item.id));
    TRY(store_->items.remove(item.id));
    TRY(fall_back(from, item.seq));
    TRY(reopen_gap(from, item.seq, now));
    reconsider_.insert(from.id);
    return store(to, arrival);
}

std::optional<Digest> ChainKeeper::known_link(const ChainRow& chain, Seq seq) {
    if (seq == chain.upto) return chain.upto_link;
    if (seq == chain.confirmed) return chain.confirmed_link;
    if (seq == chain.base) return chain.base_link;
    return std::nullopt;
}

Result<std::optional<Digest>> ChainKeeper::link_at(const ChainRow& chain, Seq seq) {
    using Link = std::optional<Digest>;
    if (const Link known = known_link(chain, seq)) return known;
    if (const auto item = TRY(store_->items.find(chain.id, seq)); item && item->link) return item->link;
    if (const auto tombstone = TRY(store_->tombstones.ending_at(chain.id, seq))) return Link(tombstone->link);
    return Link();
}

Result<void> ChainKeeper::weigh(ChainRow& chain, Seq seq, const Digest& signed_previous,
                                const Digest& previous, KeyTrust trust, UtcTime now) {
    if (trust == KeyTrust::trusted && signed_previous == previous) TRY(vouch(chain, seq));
    const bool earlier = chain.mismatch == 0 || seq < chain.mismatch;
    if (!earlier || seq - 1 <= chain.confirmed) return {};
    if (signed_previous == previous) {
        chain.confirmed = seq - 1;
        chain.confirmed_link = previous;
        return {};
    }
    chain.mismatch = seq;
    reconsider_.insert(chain.id);
    return incident(chain, seq, "the device's signed link is not ours", now);
}

/// The first time in a chain: what had lapsed for want of it is looked at again.
Result<void> ChainKeeper::vouch(ChainRow& chain, Seq seq) {
    const bool first = chain.vouched == 0;
    chain.vouched = std::max(chain.vouched, seq);
    if (!first || TRY(store_->items.forget_lapsed(chain.id, chain.upto)) == 0) return {};
    rejudge_ = true;
    return {};
}

Result<void> ChainKeeper::look_again(const ItemRow& item) {
    rejudge_ = true;
    return store_->items.clear_verdict(item.id);
}

Result<void> ChainKeeper::advance(ChainRow& chain, UtcTime now) {
    for (int step = 0; step < max_walk; ++step) {
        const Seq next = chain.upto + 1;
        if (next > chain.last) return {};
        if (const auto tombstone = TRY(store_->tombstones.covering(chain.id, next))) {
            chain.upto = tombstone->last;
            chain.upto_link = tombstone->link;
            continue;
        }
        const auto item = TRY(store_->items.find(chain.id, next));
        if (!item) return {};
        const KeyTrust trust = item->verdict ? item->verdict->key_trust : KeyTrust::unchecked;
        if (item->signed_previous)
            TRY(weigh(chain, next, *item->signed_previous, chain.upto_link, trust, now));
        if (trust == KeyTrust::lapsed && vouches(chain, next)) TRY(look_again(*item));
        const Digest link = next_link(chain.upto_link, next, item->digest);
        if (item->link != link) TRY(store_->items.set_link(item->id, link));
        chain.upto = next;
        chain.upto_link = link;
    }
    return {};
}

Result<void> ChainKeeper::settle(ChainRow& chain, UtcTime now) {
    TRY(advance(chain, now));
    const bool changed = reconsider_.erase(chain.id) > 0;
    const bool in_doubt = chain.mismatch != 0 || TRY(store_->quarantine.has_claims_above(
                                                     chain.device, chain.chain, chain.confirmed));
    if (changed && in_doubt && TRY(Reconciler(*store_).mend(chain, now))) {
        rejudge_ = true;
        TRY(advance(chain, now));
    }
    if (chain.last == chain.base && chain.confirmed == chain.base) {
        TRY(store_->chains.remove(chain));
        chain.id = 0;
        return {};
    }
    return promise(chain);
}

/// What a receipt may say from here on. Written before any receipt says it.
Result<void> ChainKeeper::promise(ChainRow& chain) {
    if (chain.branch == 0) TRY(store_->quarantine.settle_kept(chain.device, chain.chain, chain.confirmed));
    chain.held = TRY(store_->quarantine.kept_is_full(chain.device));
    chain.promised = std::max(chain.promised, chain.settled());
    if (!chain.held) chain.promised_item = TRY(store_->items.newest_id());
    return {};
}

}  // namespace portcullis
