#include "collector/opener/judge.hpp"

#include <algorithm>

#include "collector/opener/clock_doubt.hpp"
#include "collector/opener/plate_register.hpp"

namespace portcullis {

namespace {

const GivenReceipt* find(const std::vector<GivenReceipt>& receipts, const Digest& digest) {
    const auto place = std::ranges::find(receipts, digest, &GivenReceipt::digest);
    return place == receipts.end() ? nullptr : &*place;
}

ReadPayload without_plate(const ReadPayload& read) {
    ReadPayload kept;
    kept.fleet = read.fleet;
    kept.device = read.device;
    kept.chain = read.chain;
    kept.seq = read.seq;
    kept.media = read.media;
    return kept;
}

View empty_view(const OpenRequest& request, const Verdict& verdict) {
    View view;
    view.device = request.device;
    view.chain = request.chain;
    view.seq = request.seq;
    view.kind = request.kind;
    view.received_at = request.received_at;
    view.verdict = verdict;
    return view;
}

/// A read that was in order when its device's certificate ran out is shown, marked; a stranger's or a revoked
/// key's is not: an operator acts on what he reads.
bool may_be_shown(const Verdict& verdict) {
    return verdict.authenticity == Authenticity::authentic && is_believed(verdict.key_trust);
}

void fill_view(View& view, const ReadPayload& read) {
    view.captured_at = read.captured;
    view.lane = read.passage.lane;
    view.direction = read.passage.direction;
    view.text = text_of(read.read.characters);
    view.published = published_text(read.read.characters);
    view.raw = read.read.raw;
    view.confidence = read.read.confidence;
    for (const CharacterReading& character : read.read.characters)
        view.characters.push_back(character.confidence);
    view.jurisdiction = read.read.jurisdiction;
    for (const MediaEntry& media : read.media)
        view.media.push_back({media.role, media.seq});
}

MediaRole role_of(ItemKind kind) {
    return kind == ItemKind::overview ? MediaRole::overview : MediaRole::plate;
}

template <class Payload>
bool in_place(const Payload& payload, const OpenRequest& request) {
    return payload.device == request.device && payload.chain == request.chain && payload.seq == request.seq;
}

ClockDoubt clock_doubt(const ReadPayload& read, const std::optional<UtcTime>& receipt, UtcTime received) {
    return doubt_clock(read.clock.quality, read.captured, receipt, received);
}
ClockDoubt clock_doubt(const HealthPayload& health, const std::optional<UtcTime>& receipt, UtcTime received) {
    return doubt_clock(health.record.report.clock.quality, health.time, receipt, received);
}

/// Of the canonical text: another form of the same signature is no second one.
Digest text_digest(Result<std::string> text) {
    if (!text) return {};
    const Cleanse cleanse(*text);
    return sha256(as_bytes(*text));
}
Digest digest_of(const ReadPayload& read) {
    return text_digest(encode_payload(read));
}
Digest digest_of(const HealthPayload& health) {
    return text_digest(encode_health(health));
}

}  // namespace

Judgement Judge::judge(const OpenRequest& request) {
    Judgement judgement = request.kind == ItemKind::read     ? judge_read(request)
                          : request.kind == ItemKind::health ? judge_health(request)
                                                             : judge_media(request);
    judgement.reply.id = request.id;
    if (request.again || request.claim || judgement.reply.outcome == OpenOutcome::asks) {
        judgement.view.reset();
        judgement.passage.reset();
    }
    return judgement;
}

template <class Payload>
bool Judge::weigh(const OpenRequest& request, const Opened<Payload>& opened, Judgement& judgement) {
    judgement.reason = opened.reason;
    OpenReply& reply = judgement.reply;
    reply.verdict = place_verdict(opened, {request.device, request.chain, request.seq, request.previous});
    judgement.view = empty_view(request, reply.verdict);
    if (!opened.payload) return false;
    const Payload& payload = *opened.payload;
    if (payload.recipient_set != Digest{})
        reply.recipient_set = SetClaim{payload.recipient_set, payload.stale_set};
    reply.in_place = in_place(payload, request);
    if (!reply.in_place) {
        judgement.reason = "signed for another place";
        return false;
    }
    reply.signed_previous = payload.previous;
    if (payload.last_receipt != Digest()) reply.receipt = payload.last_receipt;
    const GivenReceipt* receipt = reply.receipt ? find(request.receipts, *reply.receipt) : nullptr;
    if (reply.receipt && receipt == nullptr && !request.again && !request.claim) {
        reply.outcome = OpenOutcome::asks;
        return false;
    }
    reply.verdict.clock =
        clock_doubt(payload, receipt == nullptr ? std::nullopt : receipt->at, request.received_at);
    judgement.view->verdict = reply.verdict;
    if (reply.verdict.key_trust == KeyTrust::expired && !request.vouched)
        judgement.view->verdict.key_trust = KeyTrust::lapsed;
    if (reply.verdict.authenticity == Authenticity::misplaced)
        judgement.reason = "its signed link is not that of the item before";
    if (request.again)
        shown_again_ = {{request.device, request.chain.bytes, request.seq}, digest_of(payload)};
    if (request.claim) hold_against_occupant(request, digest_of(payload), reply);
    return true;
}

Judgement Judge::judge_read(const OpenRequest& request) {
    const OpenedRead read = opener_.open_read(request.blob, request.received_at);
    Judgement judgement;
    if (!weigh(request, read, judgement)) return judgement;
    if (!request.claim) remember(*read.payload, judgement.reply.verdict.key_trust);
    if (!may_be_shown(judgement.view->verdict)) return judgement;
    fill_view(*judgement.view, *read.payload);
    judgement.passage = indexed(*read.payload, judgement.reply.verdict.clock, request.received_at);
    judgement.recipient = read.recipient;
    return judgement;
}

/// A good one is nobody's business but `portcullis health`'s, which opens it by itself: it makes no view.
Judgement Judge::judge_health(const OpenRequest& request) {
    const OpenedHealth health = opener_.open_health(request.blob, request.received_at);
    Judgement judgement;
    static_cast<void>(weigh(request, health, judgement));
    if (judgement.reply.verdict.authenticity == Authenticity::authentic) judgement.view.reset();
    return judgement;
}

Judgement Judge::judge_media(const OpenRequest& request) {
    Judgement judgement;
    OpenReply& reply = judgement.reply;
    const auto place = pending_.find({request.device, request.chain.bytes, request.seq});
    if (place == pending_.end()) {
        reply.outcome = OpenOutcome::waits;
        return judgement;
    }
    OpenedMedia media = opener_.open_media(request.blob);
    const Cleanse cleanse_padded(media.padded);
    MatchedMedia matched = match_media(media, place->second->read, request.seq);
    const Cleanse cleanse_jpeg(matched.jpeg);
    judgement.reason = media.reason;
    reply.verdict.authenticity = matched.authenticity;
    if (matched.entry && matched.entry->role != role_of(request.kind))
        reply.verdict.authenticity = Authenticity::misplaced;
    if (reply.verdict.authenticity != Authenticity::authentic) {
        judgement.view = empty_view(request, reply.verdict);
        return judgement;
    }
    // A picture has no signature of its own: the signed read vouches for its digest.
    reply.verdict.key_trust = place->second->trust;
    reply.in_place = true;
    pending_.erase(place);
    return judgement;
}

void Judge::hold_against_occupant(const OpenRequest& request, const Digest& text, OpenReply& reply) const {
    const Place place{request.device, request.chain.bytes, request.seq};
    if (!shown_again_ || shown_again_->first != place)
        reply.outcome = OpenOutcome::waits;  // this opener has not seen the other one
    else if (shown_again_->second == text)
        reply.verdict.authenticity = Authenticity::duplicate;
}

void Judge::remember(const ReadPayload& read, KeyTrust trust) {
    if (read.media.empty()) return;
    const auto kept = std::make_shared<const PendingRead>(PendingRead{without_plate(read), trust});
    while (order_.size() >= max_pending_reads)
        forget_oldest();
    order_.push_back(kept);
    for (const MediaEntry& media : read.media)
        pending_[{read.device, read.chain.bytes, media.seq}] = kept;
}

void Judge::forget_oldest() {
    const Pending oldest = order_.front();
    order_.pop_front();
    for (const MediaEntry& media : oldest->read.media) {
        const auto place = pending_.find({oldest->read.device, oldest->read.chain.bytes, media.seq});
        if (place != pending_.end() && place->second == oldest) pending_.erase(place);
    }
}

}  // namespace portcullis
