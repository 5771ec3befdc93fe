#include "uplink/uplink.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/wanted.hpp"
#include "inbox/inbox.hpp"
#include "seal/recipient_set.hpp"

namespace portcullis {

namespace {

// The same complaint stands in the log once in this time, however often its cause comes.
constexpr milliseconds complaint_interval{10'000};

ResendPace pace_of(const UplinkSettings& settings) {
    return {.after = settings.resend_after, .at_once = settings.window_items};
}

// The live lane's receipts come when the lanes have met: until then only what the broker refused is tried
// again.
ResendPace live_pace() {
    constexpr std::chrono::hours never{24 * 365};
    return {.after = never, .limit = never};
}

BrokerMessage message_of(const std::string& device, const ChainId& chain, const SpooledItem& row) {
    const SealedItem& item = row.item;
    BrokerMessage message{.topic = fmt::format("lpr/v1/dev/{}/{}", device, topic_leaf(item.kind)),
                          .payload = item.blob,
                          .content_type = "application/cms",
                          .properties = {{"v", "1"},
                                         {"chain", to_string(chain)},
                                         {"seq", std::to_string(item.seq)},
                                         {"kind", std::string(to_string(item.kind))}}};
    if (item.kind == ItemKind::tombstone) {
        message.properties.emplace_back("first", std::to_string(row.first));
        message.properties.emplace_back("last", std::to_string(item.seq));
    }
    return message;
}

}  // namespace

Uplink::Uplink(UplinkSettings settings, Broker& broker, TrustStore receipts, InboxWriter inbox,
               const Clock& clock)
    : settings_(std::move(settings)),
      broker_(broker),
      gate_(std::move(receipts), settings_.device),
      inbox_(std::move(inbox)),
      clock_(clock),
      flights_(pace_of(settings_)),
      reader_note_(settings_.reader_note, clock) {
    if (settings_.fleet.empty()) return;
    policy_topics_[recipients_topic(settings_.fleet)] = recipients_name;
    policy_topics_[wanted_topic(settings_.fleet)] = wanted_name;
}

std::string Uplink::receipt_topic() const {
    return fmt::format("lpr/v1/dev/{}/ack", settings_.device);
}

Result<void> Uplink::turn(Spool& spool) {
    Result<void> outcome;
    follow(spool.head().chain);
    for (UplinkEvent& event : mailbox_.take()) {
        // A receipt that could not be looked up is told, but the other events are not lost for it.
        if (auto applied = apply(std::move(event), spool); !applied) outcome = std::move(applied);
    }
    if (!connected_) return outcome;
    TRY(send_again(spool, flights_));
    if (live_) TRY(send_again(spool, live_->flights));
    TRY(send_new(spool));
    TRY(send_status(spool));
    send_requests();
    return outcome;
}

Result<void> Uplink::apply(UplinkEvent event, Spool& spool) {
    if (const auto* state = std::get_if<StateEvent>(&event)) apply_state(*state);
    if (const auto* accepted = std::get_if<AcceptedEvent>(&event)) apply_accepted(*accepted);
    if (const auto* message = std::get_if<BrokerMessage>(&event)) return apply_message(*message, spool);
    return {};
}

void Uplink::apply_state(const StateEvent& event) {
    connected_ = event.connected;
    begin_lanes();
    status_due_ = clock_.since_boot();
    discovery_due_ = settings_.discovery.has_value();
    if (post_ != nullptr) post_->begin_again();
    if (event.connected)
        log_info("uplink", "connected: broker={}", event.reason);
    else
        log_warning("uplink", "not connected, records stay in the spool: {}", event.reason);
}

void Uplink::begin_again() {
    live_.reset();
    live_was_upto_.reset();
    begin_lanes();
}

// What the live lane had published becomes backlog: nobody knows what of it arrived.
void Uplink::begin_lanes() {
    if (live_) {
        const auto waiting = live_->flights.oldest_waiting();
        live_was_upto_ = waiting ? std::min(live_->upto, *waiting - 1) : live_->upto;
    }
    live_.reset();
    flights_.clear(clock_.since_boot());
    joined_items_ = joined_bytes_ = 0;
    sent_upto_ = handed_upto_;
}

void Uplink::follow(const ChainId& chain) {
    if (chain_ == chain) return;
    chain_ = chain;
    handed_upto_ = 0;
    inbox_.prune("receipt-", {receipt_name(chain)});
    begin_again();
}

void Uplink::open_live_lane(Seq last_seq) {
    const bool short_break = live_was_upto_ && *live_was_upto_ > sent_upto_ && *live_was_upto_ <= last_seq &&
                             last_seq - *live_was_upto_ <= live_lane_resumes_within;
    const Seq fence = short_break ? *live_was_upto_ : last_seq;
    live_was_upto_.reset();
    live_.emplace(LiveLane{fence, fence, FlightTable(live_pace())});
    log_info("uplink", "catching up, new items in a lane of their own: backlog={}..{}", sent_upto_ + 1,
             fence);
}

void Uplink::join_lanes() {
    log_info("uplink", "caught up: seq={}", live_->upto);
    joined_items_ = live_->flights.items();
    joined_bytes_ = live_->flights.bytes();
    sent_upto_ = std::max(sent_upto_, live_->upto);
    flights_.join(std::move(live_->flights), clock_.since_boot());
    live_.reset();
}

void Uplink::received(Seq upto) {
    flights_.received(upto, clock_.since_boot());
    if (!live_) return;
    live_->flights.received(upto, clock_.since_boot());
    live_->items = live_->bytes = 0;
}

void Uplink::apply_accepted(const AcceptedEvent& event) {
    const BootTime now = clock_.since_boot();
    if (discovery_token_ != 0 && event.token == discovery_token_) {
        discovery_token_ = 0;
        return tell_discovery(event.outcome);
    }
    if (event.outcome) {
        if (flights_.accepted(event.token, now) || (live_ && live_->flights.accepted(event.token, now)))
            ++counters_.accepted;
        return;
    }
    if (event.outcome.error().code() == ErrorCode::closed) return apply_lost(event.token);
    auto seq = flights_.held(event.token, now);
    if (!seq && live_) seq = live_->flights.held(event.token, now);
    if (seq) tell_denied(*seq, event.outcome.error());
}

void Uplink::apply_lost(std::uint64_t token) {
    if (const auto first = flights_.lost(token))
        sent_upto_ = std::min(sent_upto_, *first - 1);
    else if (live_)
        if (const auto again = live_->flights.lost(token))
            live_->upto = std::max(live_->fence, std::min(live_->upto, *again - 1));
}

void Uplink::tell_denied(Seq seq, const Error& error) {
    ++counters_.denied;
    if (clock_.since_boot() < denial_log_due_) return;
    denial_log_due_ = clock_.since_boot() + complaint_interval;
    log_error("uplink",
              "the broker does not take our items, they are kept and tried again: seq={} denied={} "
              "why=\"{}\" cure=\"let "
              "'{}' publish lpr/v1/dev/{}/read, media, chk and status of up to {} bytes (the broker's acl "
              "and limits)\"",
              seq, counters_.denied, error.message(), settings_.device, settings_.device, max_blob_bytes);
}

/// It goes again after each connect; a broker that says the same again is told of no more.
void Uplink::tell_discovery(const Result<void>& outcome) {
    if (outcome) return discovery_told_.clear();
    // The line broke before the broker's word: it goes again with the next one.
    if (outcome.error().code() == ErrorCode::closed) return;
    if (std::exchange(discovery_told_, outcome.error().message()) == outcome.error().message()) return;
    log_error("uplink",
              "the broker does not take what Home Assistant is to be told, the status goes on without it: "
              "topic={} why=\"{}\" cure=\"let '{}' publish that topic, retained (the broker's acl), or write "
              "discovery = false in [home_assistant]\"",
              settings_.discovery->topic, discovery_told_, settings_.device);
}

Result<void> Uplink::apply_message(const BrokerMessage& message, Spool& spool) {
    if (message.topic == receipt_topic()) return apply_receipt(message, spool);
    if (const auto policy = policy_topics_.find(message.topic); policy != policy_topics_.end()) {
        hand_over_policy(policy->second, message.payload);
        return {};
    }
    if (post_ != nullptr && message.topic == post_->command_topic()) {
        post_->take(message.payload, inbox_);
        return {};
    }
    log_debug("uplink", "ignored a message of {} bytes on a topic that is not ours", message.payload.size());
    return {};
}

Result<void> Uplink::apply_receipt(const BrokerMessage& message, Spool& spool) {
    auto receipt = gate_.open(message.payload, clock_.utc());
    if (!receipt) {
        tell_refused_receipt(receipt.error());
        return {};
    }
    const auto rows = spool.releasable(receipt->chain, receipt->upto, receipt->link, handed_upto_);
    if (rows) {
        if (*rows > 0) hand_over(*receipt, message.payload, *rows);
        return {};
    }
    if (rows.error().code() != ErrorCode::refused) return fail(rows.error());
    tell_refused_receipt(rows.error());
    return {};
}

// The reader judges it: only the policy key's signature counts, and ours is no word about it. It comes again
// with each connect.
void Uplink::hand_over_policy(std::string_view name, ByteView blob) {
    if (const auto put = inbox_.put(name, blob); !put)
        log_error("uplink", "{} cannot be handed to the reader: {}", name, put.error().message());
    else
        log_info("uplink", "{} of {} bytes handed to the reader", name, blob.size());
}

// A receipt that cannot be handed over is as one that did not come: what it speaks of is sent again, and
// brings another.
void Uplink::hand_over(const Receipt& receipt, ByteView blob, std::uint64_t rows) {
    if (const auto put = inbox_.put(receipt_name(receipt.chain), blob); !put) {
        if (clock_.since_boot() < inbox_log_due_) return;
        inbox_log_due_ = clock_.since_boot() + complaint_interval;
        log_error("uplink", "a receipt cannot be handed to the reader: {}", put.error().message());
        return;
    }
    handed_upto_ = receipt.upto;
    counters_.received += rows;
    received(receipt.upto);
}

void Uplink::tell_refused_receipt(const Error& error) {
    ++counters_.refused_receipts;
    if (clock_.since_boot() < refusal_log_due_) return;
    refusal_log_due_ = clock_.since_boot() + complaint_interval;
    log_error("uplink", "receipt refused, nothing released: refused={} why=\"{}\"",
              counters_.refused_receipts, error.message());
}

bool Uplink::has_room(std::size_t bytes) const {
    if (in_flight() == 0) return settings_.window_items > 0;
    const std::size_t live_bytes = live_ ? live_->flights.waiting_bytes() : 0;
    return in_flight() < settings_.window_items &&
           flights_.waiting_bytes() + live_bytes + bytes <= settings_.window_bytes;
}

Result<void> Uplink::send_again(Spool& spool, FlightTable& flights) {
    while (has_room(0)) {
        const auto seq = flights.due(clock_.since_boot());
        if (!seq) return {};
        const auto rows = TRY(spool.peek(*seq - 1, 1, settings_.window_bytes));
        // Its row may have gone into a tombstone that stands for more; that one is sent in its place.
        if (rows.empty() || rows.front().first > *seq) {
            flights.forget(*seq);
            continue;
        }
        if (!has_room(rows.front().item.blob.size()) || !send(rows.front(), spool.head().chain, flights))
            return {};
        ++counters_.resent;
    }
    return {};
}

Result<void> Uplink::send_new(Spool& spool) {
    while (has_room(0)) {
        const std::size_t room = settings_.window_items - in_flight();
        const Rows backlog = TRY(backlog_rows(spool));
        if (!live_ && backlog.size() == room) {
            const Seq last_seq = TRY(spool.stats())
            .last_seq;
            if (last_seq > sent_upto_ + live_lane_opens_at) open_live_lane(last_seq);
        }
        const Rows live = TRY(live_rows(spool));
        if (backlog.empty() && live.empty()) return {};
        if (!send_by_turns(backlog, live, spool.head().chain)) return {};
    }
    return {};
}

// The oldest that were not published; none when too much goes ahead of the receipts.
Result<Uplink::Rows> Uplink::backlog_rows(Spool& spool) {
    joined_items_ = std::min(joined_items_, flights_.items());
    joined_bytes_ = std::min(joined_bytes_, flights_.bytes());
    const std::size_t limit = settings_.ahead_items + joined_items_;
    if (flights_.items() >= limit || flights_.bytes() >= settings_.ahead_bytes + joined_bytes_) return Rows{};
    const std::size_t items = std::min(settings_.window_items - in_flight(), limit - flights_.items());
    Rows rows = TRY(spool.peek(sent_upto_, items, settings_.window_bytes));
    if (!live_ || (!rows.empty() && rows.front().first <= live_->fence)) return rows;
    join_lanes();
    return backlog_rows(spool);
}

Result<Uplink::Rows> Uplink::live_rows(Spool& spool) {
    if (!live_ || live_->flights.items() >= max_live_items || live_->items >= settings_.ahead_items ||
        live_->bytes >= settings_.ahead_bytes)
        return Rows{};
    const std::size_t items =
        std::min(settings_.window_items - in_flight(), settings_.ahead_items - live_->items);
    return spool.peek(live_->upto, items, settings_.window_bytes);
}

bool Uplink::send_by_turns(const Rows& backlog, const Rows& live, const ChainId& chain) {
    auto old = backlog.begin();
    auto young = live.begin();
    while (old != backlog.end() || young != live.end()) {
        const bool live_goes = young != live.end() && (live_is_next_ || old == backlog.end());
        if (!live_goes && live_ && old->first > live_->fence) return true;  // the lanes meet
        if (!(live_goes ? send_live(*young++, chain) : send_backlog(*old++, chain))) return false;
        live_is_next_ = !live_goes;
    }
    return true;
}

bool Uplink::send_backlog(const SpooledItem& row, const ChainId& chain) {
    if (!flights_.has(row.item.seq) && (!has_room(row.item.blob.size()) || !send(row, chain, flights_)))
        return false;
    sent_upto_ = row.item.seq;
    return true;
}

bool Uplink::send_live(const SpooledItem& row, const ChainId& chain) {
    if (!live_->flights.has(row.item.seq)) {
        if (!has_room(row.item.blob.size()) || !send(row, chain, live_->flights)) return false;
        live_->items += 1;
        live_->bytes += row.item.blob.size();
    }
    live_->upto = row.item.seq;
    return true;
}

bool Uplink::send(const SpooledItem& row, const ChainId& chain, FlightTable& flights) {
    const std::uint64_t token = ++last_token_;
    const auto outcome = broker_.publish(token, message_of(settings_.device, chain, row));
    if (!outcome &&
        (outcome.error().code() == ErrorCode::closed || outcome.error().code() == ErrorCode::exhausted))
        return false;
    flights.sent(row.first, row.item.seq, row.item.blob.size(), token);
    ++counters_.published;
    // A fault of the library with this one item: it is kept, and the others go on.
    if (!outcome && flights.held(token, clock_.since_boot())) tell_denied(row.item.seq, outcome.error());
    return true;
}

Result<void> Uplink::send_status(Spool& spool) {
    const BootTime now = clock_.since_boot();
    if (now < status_due_) return {};
    const SpoolStats stats = TRY(spool.stats());
    const auto outcome = broker_.publish(
        ++last_token_, status_message(settings_.device, stats, counters_, reader_note_.look(), clock_.utc()));
    if (discovery_due_ && broker_.publish(++last_token_, *settings_.discovery)) {
        discovery_due_ = false;
        discovery_token_ = last_token_;
    }
    if (outcome) status_due_ = now + settings_.status_interval;
    return {};
}

// One that the broker does not take now goes again after the next connect, or in an hour.
void Uplink::send_requests() {
    if (post_ == nullptr) return;
    for (BrokerMessage& message : post_->due())
        if (const auto outcome = broker_.publish(++last_token_, std::move(message)); !outcome)
            log_warning("uplink", "a request for a key does not go out: {}", outcome.error().message());
}

void Uplink::say_goodbye() {
    if (!connected_) return;
    const auto outcome = broker_.publish(++last_token_, farewell_message(settings_.device, "stopped"));
    if (!outcome) log_info("uplink", "left without a word: {}", outcome.error().message());
}

}  // namespace portcullis
