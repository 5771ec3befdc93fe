#include "collector/ingest/judging_queue.hpp"

namespace portcullis {

Result<OpenRequest> JudgingQueue::request_for(const ItemRow& item, bool again) {
    const ChainRow chain = TRY(store_->chains.at(item.chain_id));
    OpenRequest request;
    request.id = next_id_++;
    request.device = chain.device;
    request.chain = chain.chain;
    request.seq = item.seq;
    request.kind = item.kind;
    // In a chain that does not fit, our own links are what is in doubt: they accuse nobody.
    if (chain.mismatch == 0) request.previous = TRY(keeper_->link_at(chain, item.seq - 1));
    request.received_at = item.received_at;
    request.again = again;
    request.blob = TRY(store_->items.blob(item.id));
    flights_[request.id] = {item.id, again};
    if (!again) flying_.insert(item.id);
    return request;
}

Result<std::vector<OpenRequest>> JudgingQueue::next(std::size_t count) {
    std::vector<OpenRequest> requests;
    while (requests.size() < count && !urgent_.empty()) {
        const Flight flight = urgent_.front();
        urgent_.pop_front();
        if (const auto item = TRY(store_->items.find(flight.item)))
            requests.push_back(TRY(request_for(*item, flight.again)));
    }
    if (keeper_->take_rejudge()) rewind();
    // Items in flight may stand again before the cursor after a rewind: they are looked over.
    for (const ItemRow& item : TRY(store_->items.to_judge(cursor_, count + flying_.size()))) {
        if (requests.size() >= count) break;
        cursor_ = item.id;
        if (!flying_.contains(item.id)) requests.push_back(TRY(request_for(item, false)));
    }
    return requests;
}

/// The opener does not know the picture's read: show it the read again, or wait until the read comes.
Result<void> JudgingQueue::park(const ItemRow& item) {
    const auto read = TRY(store_->items.read_before(item.chain_id, item.seq, max_media_reach));
    const bool judged = read && read->verdict && read->verdict->authenticity == Authenticity::authentic;
    if (judged && ++repeats_[item.id] <= max_read_repeats) {
        urgent_.push_back({read->id, true});
        urgent_.push_back({item.id, false});
        return {};
    }
    repeats_.erase(item.id);
    return store_->items.set_waits(item.id);
}

Result<std::optional<Verdict>> JudgingQueue::settle(const OpenReply& reply, UtcTime now) {
    const auto place = flights_.find(reply.id);
    if (place == flights_.end()) return std::optional<Verdict>();
    const Flight flight = place->second;
    flights_.erase(place);
    if (flight.again) return std::optional<Verdict>();
    flying_.erase(flight.item);
    const auto item = TRY(store_->items.find(flight.item));
    if (!item || item->verdict) return std::optional<Verdict>();
    if (reply.outcome == OpenOutcome::waits) {
        TRY(park(*item));
        return std::optional<Verdict>();
    }
    repeats_.erase(item->id);
    ChainRow chain = TRY(store_->chains.at(item->chain_id));
    TRY(keeper_->apply_verdict(chain, *item, reply.verdict, reply.signed_previous, reply.in_place, now));
    if (reply.recipient_set) TRY(sets_.look(chain, item->seq, *reply.recipient_set, now));
    if (item->kind == ItemKind::read)
        TRY(store_->items.wake(item->chain_id, item->seq + 1, item->seq + max_media_reach));
    if (item->kind == ItemKind::read) rewind();
    TRY(keeper_->settle(chain, now));
    if (chain.id != 0) TRY(store_->chains.save(chain));
    return std::optional<Verdict>(reply.verdict);
}

}  // namespace portcullis
