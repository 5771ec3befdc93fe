#include "collector/ingest/judging_queue.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::size_t newest_receipts = 4;
/// Their blobs are in memory together, with pictures some megabytes.
constexpr std::size_t items_at_once = 32;
/// Chains whose last named receipt is remembered; without it one more question is asked.
constexpr std::size_t max_named = 10'000;

}  // namespace

Result<std::vector<GivenReceipt>> JudgingQueue::receipts_for(const ItemRow& item) {
    auto receipts = TRY(store_->receipts.newest_before(item.chain_id, item.seq, newest_receipts));
    if (const auto named = named_.find(item.chain_id); named != named_.end())
        receipts.push_back(named->second);
    if (const auto asked = asked_.find(item.id); asked != asked_.end()) receipts.push_back(asked->second);
    return receipts;
}

Result<bool> JudgingQueue::answer(const ItemRow& item, const OpenReply& reply) {
    if (!reply.receipt) return false;
    const GivenReceipt receipt = TRY(store_->receipts.find(*reply.receipt));
    if (named_.size() >= max_named) named_.clear();
    named_[item.chain_id] = receipt;
    const bool first = reply.outcome == OpenOutcome::asks && asked_.emplace(item.id, receipt).second;
    if (first)
        urgent_.push_back({item.id, false, 0, false});
    else
        asked_.erase(item.id);
    return first;
}

Result<JudgingQueue::Sight> JudgingQueue::look_at(const std::vector<ItemRow>& items) {
    Sight sight;
    std::set<RowId> ids;
    std::set<RowId> chains;
    std::set<std::pair<RowId, Seq>> before;
    for (const ItemRow& item : items) {
        ids.insert(item.id);
        chains.insert(item.chain_id);
    }
    sight.chains = TRY(store_->chains.many(chains));
    for (const ItemRow& item : items) {
        const auto chain = sight.chains.find(item.chain_id);
        const bool known = chain == sight.chains.end() || chain->second.mismatch != 0 ||
                           ChainKeeper::known_link(chain->second, item.seq - 1);
        if (!known) before.emplace(item.chain_id, item.seq - 1);
    }
    for (const ItemRow& item : TRY(store_->items.at_places(before)))
        sight.before.emplace(std::pair(item.chain_id, item.seq), item);
    sight.blobs = TRY(store_->items.blobs(ids));
    return sight;
}

Result<std::optional<Digest>> JudgingQueue::link_before(const ChainRow& chain, Seq seq, const Sight& sight) {
    const auto before = sight.before.find({chain.id, seq - 1});
    if (before != sight.before.end() && before->second.link) return before->second.link;
    return keeper_->link_at(chain, seq - 1);
}

Result<OpenRequest> JudgingQueue::request_for(const ItemRow& item, bool again) {
    Sight sight = TRY(look_at({item}));
    return request_for(item, again, sight);
}

Result<OpenRequest> JudgingQueue::request_for(const ItemRow& item, bool again, Sight& sight) {
    const auto known = sight.chains.find(item.chain_id);
    if (known == sight.chains.end())
        return fail(ErrorCode::not_found, "no chain has the row id {}", item.chain_id);
    const ChainRow& chain = known->second;
    const auto blob = sight.blobs.find(item.id);
    if (blob == sight.blobs.end())
        return fail(ErrorCode::corrupt, "the store has lost the bytes of item row {}", item.id);
    OpenRequest request;
    request.id = next_id_++;
    request.device = chain.device;
    request.chain = chain.chain;
    request.seq = item.seq;
    request.kind = item.kind;
    // In a chain that does not fit, our own links are what is in doubt: they accuse nobody.
    if (chain.mismatch == 0) request.previous = TRY(link_before(chain, item.seq, sight));
    request.received_at = item.received_at;
    if (is_sealed_text(item.kind)) request.receipts = TRY(receipts_for(item));
    request.again = again;
    request.blob = std::move(blob->second);
    request.vouched = ChainKeeper::vouches(chain, item.seq);
    fly(request, {item.id, again, 0, request.vouched, 0});
    if (!again) flying_.insert(item.id);
    return request;
}

void JudgingQueue::fly(const OpenRequest& request, Flight flight) {
    flight.bytes = request.blob.size();
    bytes_in_flight_ += flight.bytes;
    flights_[request.id] = flight;
}

std::optional<JudgingQueue::Flight> JudgingQueue::land(std::uint64_t request) {
    const auto place = flights_.find(request);
    if (place == flights_.end()) return std::nullopt;
    const Flight flight = place->second;
    bytes_in_flight_ -= flight.bytes;
    flights_.erase(place);
    if (!flight.again && flight.claim == 0) flying_.erase(flight.item);
    return flight;
}

void JudgingQueue::take_back(const std::vector<OpenReply>& replies) {
    for (const OpenReply& reply : replies)
        land(reply.id);
    sets_.forget_told();
    rewind();
}

Result<std::vector<OpenRequest>> JudgingQueue::next(std::size_t count) {
    std::vector<OpenRequest> requests;
    Result<void> gathered = gather(count, requests);
    if (gathered && requests.empty() && std::exchange(missed_, false)) {
        rewind();
        gathered = gather(count, requests);
    }
    if (gathered) return requests;
    missed_ = true;
    // What is in flight must be asked; of a row that stays unreadable the others must not suffer.
    if (requests.empty()) return fail(Error(gathered.error()));
    return requests;
}

Result<void> JudgingQueue::gather(std::size_t count, std::vector<OpenRequest>& requests) {
    const auto full = [&] { return requests.size() >= count || bytes_in_flight_ >= max_bytes_in_flight; };
    while (!full() && !urgent_.empty()) {
        const Flight flight = urgent_.front();
        urgent_.pop_front();
        if (const auto item = TRY(store_->items.find(flight.item)))
            requests.push_back(TRY(request_for(*item, flight.again)));
    }
    if (keeper_->take_rejudge()) rewind();
    // Items in flight may stand again before the cursor after a rewind: they are looked over.
    std::vector<ItemRow> fresh = TRY(store_->items.to_judge(cursor_, count + flying_.size(), share_));
    std::erase_if(fresh, [this](const ItemRow& item) { return flying_.contains(item.id); });
    for (std::size_t first = 0; first < fresh.size() && !full(); first += items_at_once) {
        const std::vector<ItemRow> some(
            fresh.begin() + static_cast<std::ptrdiff_t>(first),
            fresh.begin() + static_cast<std::ptrdiff_t>(std::min(first + items_at_once, fresh.size())));
        // Of a row that cannot be read the others must not suffer: then they are asked for one by one.
        Result<Sight> sight = look_at(some);
        for (const ItemRow& item : some) {
            if (full()) break;
            cursor_ = item.id;
            requests.push_back(TRY(sight ? request_for(item, false, *sight) : request_for(item, false)));
        }
    }
    if (requests.size() + 1 < count && !full()) TRY(add_claims(count - requests.size() - 1, requests));
    return {};
}

/// In any branch. While nothing is known of who stands there, the claim may get the place without ado.
Result<std::optional<ItemRow>> JudgingQueue::signed_occupant(const QuarantineRow& claim) {
    for (const ChainRow& branch : TRY(store_->chains.branches(claim.device, claim.chain))) {
        auto occupant = TRY(store_->items.find(branch.id, claim.seq));
        const bool comparable = occupant && (occupant->kind == claim.kind ||
                                             (is_sealed_text(occupant->kind) && is_sealed_text(claim.kind)));
        if (comparable && occupant->verdict && occupant->verdict->authenticity == Authenticity::authentic)
            return occupant;
    }
    return std::optional<ItemRow>();
}

Result<void> JudgingQueue::add_claims(std::size_t count, std::vector<OpenRequest>& requests) {
    const auto claims = TRY(store_->quarantine.unweighed(false, claim_cursor_, (count + 1) / 2));
    claim_cursor_ = claims.size() < (count + 1) / 2 ? 0 : claims.back().id;
    for (const QuarantineRow& claim : claims) {
        const bool flies = std::ranges::any_of(
            flights_, [&](const auto& flight) { return flight.second.claim == claim.id; });
        const auto occupant = flies ? std::nullopt : TRY(signed_occupant(claim));
        if (!occupant || !share_.holds(occupant->chain_id)) continue;
        requests.push_back(TRY(request_for(*occupant, true)));
        OpenRequest request;
        request.id = next_id_++;
        request.device = claim.device;
        request.chain = claim.chain;
        request.seq = claim.seq;
        request.kind = claim.kind;
        request.received_at = claim.received_at;
        request.claim = true;
        request.blob = TRY(store_->quarantine.blob(claim.id));
        fly(request, {0, false, claim.id, false, 0});
        requests.push_back(std::move(request));
    }
    return {};
}

Result<void> JudgingQueue::settle_claim(RowId id, const OpenReply& reply, UtcTime now) {
    const auto claim = TRY(store_->quarantine.find(id));
    if (!claim || claim->weighed || reply.outcome == OpenOutcome::waits) return {};  // waits: offered again
    TRY(store_->quarantine.set_weighed(id, reply.verdict));
    const bool signed_twice = reply.verdict.authenticity == Authenticity::authentic && reply.in_place &&
                              reply.signed_previous && is_believed(reply.verdict.key_trust);
    if (signed_twice) {
        TRY(keeper_->branch_off(*claim, *reply.signed_previous, now));
        return {};
    }
    auto chain = TRY(store_->chains.find(claim->device, claim->chain));
    if (!chain) return {};
    keeper_->reconsider(*chain);
    TRY(keeper_->settle(*chain, now));
    return chain->id == 0 ? Result<void>() : store_->chains.save(*chain);
}

/// The opener does not know the picture's read: show it the read again, or wait until the read comes.
Result<void> JudgingQueue::park(const ItemRow& item) {
    const auto read = TRY(store_->items.read_before(item.chain_id, item.seq, max_media_reach));
    const bool judged = read && read->verdict && read->verdict->authenticity == Authenticity::authentic;
    if (judged && ++repeats_[item.id] <= max_read_repeats) {
        urgent_.push_back({read->id, true, 0, false});
        urgent_.push_back({item.id, false, 0, false});
        return {};
    }
    repeats_.erase(item.id);
    return store_->items.set_waits(item.id);
}

Result<void> JudgingQueue::expect(const std::vector<OpenReply>& replies) {
    std::set<RowId> ids;
    for (const OpenReply& reply : replies)
        if (const auto flight = flights_.find(reply.id);
            flight != flights_.end() && !flight->second.again && flight->second.item != 0)
            ids.insert(flight->second.item);
    std::set<RowId> chains;
    std::set<std::pair<RowId, Seq>> before;
    for (const ItemRow& item : TRY(store_->items.many(ids))) {
        chains.insert(item.chain_id);
        before.emplace(item.chain_id, item.seq - 1);
    }
    TRY(store_->items.at_places(before));
    TRY(store_->chains.many(chains));
    return store_->tombstones.expect(chains);
}

Result<std::optional<Verdict>> JudgingQueue::settle(const OpenReply& reply, UtcTime now) {
    const auto flight = land(reply.id);
    if (!flight || flight->again) return std::optional<Verdict>();
    if (flight->claim != 0) {
        TRY(settle_claim(flight->claim, reply, now));
        return std::optional<Verdict>();
    }
    const auto item = TRY(store_->items.find(flight->item));
    if (!item || item->verdict) return std::optional<Verdict>();
    if (reply.outcome == OpenOutcome::waits) {
        TRY(park(*item));
        return std::optional<Verdict>();
    }
    if (TRY(answer(*item, reply))) return std::optional<Verdict>();
    repeats_.erase(item->id);
    ChainRow chain = TRY(store_->chains.at(item->chain_id));
    Verdict verdict = reply.verdict;
    verdict.key_trust = ChainKeeper::worth(chain, item->seq, verdict.key_trust);
    if (verdict.key_trust == KeyTrust::expired && !flight->vouched) {
        rewind();  // vouched for meanwhile: now the opener may show it
        return std::optional<Verdict>();
    }
    TRY(keeper_->apply_verdict(chain, *item, verdict, reply.signed_previous, reply.in_place, now));
    if (reply.recipient_set) TRY(sets_.look(chain, item->seq, *reply.recipient_set, now));
    if (item->kind == ItemKind::read)
        TRY(store_->items.wake(item->chain_id, item->seq + 1, item->seq + max_media_reach));
    if (item->kind == ItemKind::read) rewind();
    TRY(keeper_->settle(chain, now));
    if (chain.id != 0 && chain.branch != 0) TRY(keeper_->gather(chain, now));
    if (chain.id != 0) TRY(store_->chains.save(chain));
    return std::optional<Verdict>(verdict);
}

}  // namespace portcullis
