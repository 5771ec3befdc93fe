#include "uplink/uplink.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace portcullis {

namespace {

// The same complaint stands in the log once in this time, however often its cause comes.
constexpr milliseconds complaint_interval{10'000};

ResendPace pace_of(const UplinkSettings& settings) {
    return {.after = settings.resend_after, .at_once = settings.window_items};
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

Uplink::Uplink(UplinkSettings settings, Broker& broker, TrustStore receipts, const Clock& clock)
    : settings_(std::move(settings)),
      broker_(broker),
      gate_(std::move(receipts), settings_.device),
      clock_(clock),
      flights_(pace_of(settings_)) {}

std::string Uplink::receipt_topic() const {
    return fmt::format("lpr/v1/dev/{}/ack", settings_.device);
}

Result<void> Uplink::turn(Spool& spool) {
    Result<void> outcome;
    for (UplinkEvent& event : mailbox_.take()) {
        // A failed release is told, but the other events are not lost for it.
        if (auto applied = apply(std::move(event), spool); !applied) outcome = std::move(applied);
    }
    if (!connected_) return outcome;
    TRY(send_again(spool));
    TRY(send_new(spool));
    TRY(send_status(spool));
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
    begin_again();
    status_due_ = clock_.since_boot();
    if (event.connected)
        log_info("uplink", "connected: broker={}", event.reason);
    else
        log_warning("uplink", "not connected, records stay in the spool: {}", event.reason);
}

void Uplink::begin_again() {
    flights_.clear(clock_.since_boot());
    sent_upto_ = 0;
}

void Uplink::apply_accepted(const AcceptedEvent& event) {
    const BootTime now = clock_.since_boot();
    if (event.outcome) {
        if (flights_.accepted(event.token, now)) ++counters_.accepted;
        return;
    }
    if (event.outcome.error().code() == ErrorCode::closed) {
        if (const auto first = flights_.lost(event.token)) sent_upto_ = std::min(sent_upto_, *first - 1);
        return;
    }
    if (const auto seq = flights_.held(event.token, now)) tell_denied(*seq, event.outcome.error());
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

Result<void> Uplink::apply_message(const BrokerMessage& message, Spool& spool) {
    if (message.topic == receipt_topic()) return apply_receipt(message, spool);
    log_debug("uplink", "ignored a message of {} bytes on a topic that is not ours", message.payload.size());
    return {};
}

Result<void> Uplink::apply_receipt(const BrokerMessage& message, Spool& spool) {
    auto receipt = gate_.open(message.payload, clock_.utc());
    if (!receipt) {
        tell_refused_receipt(receipt.error());
        return {};
    }
    const auto released =
        spool.release(receipt->chain, receipt->upto, receipt->link, sha256(message.payload));
    if (released) {
        counters_.received += *released;
        if (*released > 0) flights_.received(receipt->upto, clock_.since_boot());
        return {};
    }
    if (released.error().code() != ErrorCode::refused) return fail(released.error());
    tell_refused_receipt(released.error());
    return {};
}

void Uplink::tell_refused_receipt(const Error& error) {
    ++counters_.refused_receipts;
    if (clock_.since_boot() < refusal_log_due_) return;
    refusal_log_due_ = clock_.since_boot() + complaint_interval;
    log_error("uplink", "receipt refused, nothing released: refused={} why=\"{}\"",
              counters_.refused_receipts, error.message());
}

bool Uplink::has_room(std::size_t bytes) const {
    if (flights_.waiting_items() == 0) return settings_.window_items > 0;
    return flights_.waiting_items() < settings_.window_items &&
           flights_.waiting_bytes() + bytes <= settings_.window_bytes;
}

Result<void> Uplink::send_again(Spool& spool) {
    while (has_room(0)) {
        const auto seq = flights_.due(clock_.since_boot());
        if (!seq) return {};
        const auto rows = TRY(spool.peek(*seq - 1, 1, settings_.window_bytes));
        // Its row may have gone into a tombstone that stands for more; that one is sent in its place.
        if (rows.empty() || rows.front().first > *seq) {
            flights_.forget(*seq);
            continue;
        }
        if (!has_room(rows.front().item.blob.size()) || !send(rows.front(), spool.head().chain)) return {};
        ++counters_.resent;
    }
    return {};
}

Result<void> Uplink::send_new(Spool& spool) {
    while (has_room(0) && flights_.items() < settings_.ahead_items &&
           flights_.bytes() < settings_.ahead_bytes) {
        const std::size_t items = std::min(settings_.window_items - flights_.waiting_items(),
                                           settings_.ahead_items - flights_.items());
        const auto rows = TRY(spool.peek(sent_upto_, items, settings_.window_bytes));
        if (rows.empty()) return {};
        for (const SpooledItem& row : rows) {
            if (!flights_.has(row.item.seq) &&
                (!has_room(row.item.blob.size()) || !send(row, spool.head().chain)))
                return {};
            sent_upto_ = row.item.seq;
        }
    }
    return {};
}

bool Uplink::send(const SpooledItem& row, const ChainId& chain) {
    const std::uint64_t token = ++last_token_;
    const auto outcome = broker_.publish(token, message_of(settings_.device, chain, row));
    if (!outcome &&
        (outcome.error().code() == ErrorCode::closed || outcome.error().code() == ErrorCode::exhausted))
        return false;
    flights_.sent(row.first, row.item.seq, row.item.blob.size(), token);
    ++counters_.published;
    // A fault of the library with this one item: it is kept, and the others go on.
    if (!outcome && flights_.held(token, clock_.since_boot())) tell_denied(row.item.seq, outcome.error());
    return true;
}

Result<void> Uplink::send_status(Spool& spool) {
    const BootTime now = clock_.since_boot();
    if (now < status_due_) return {};
    const SpoolStats stats = TRY(spool.stats());
    const auto outcome =
        broker_.publish(++last_token_, status_message(settings_.device, stats, counters_, clock_.utc()));
    if (outcome) status_due_ = now + settings_.status_interval;
    return {};
}

void Uplink::say_goodbye() {
    if (!connected_) return;
    const auto outcome = broker_.publish(++last_token_, farewell_message(settings_.device, "stopped"));
    if (!outcome) log_info("uplink", "left without a word: {}", outcome.error().message());
}

}  // namespace portcullis
