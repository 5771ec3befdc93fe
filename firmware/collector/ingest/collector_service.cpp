#include "collector/ingest/collector_service.hpp"

#include <array>

#include "base/log.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::minutes tell_every{1};
/// How long a turn waits for a message: short while verdicts are on their way.
constexpr milliseconds idle_patience{100};
constexpr milliseconds busy_patience{2};
constexpr std::array<std::string_view, 5> leaves{"read", "media", "chk", "status", "req"};

}  // namespace

CollectorService::CollectorService(Ingest& ingest, OpenerClient& opener, Broker& broker, Heartbeat& heartbeat,
                                   CollectorServiceSettings settings)
    : ingest_(ingest),
      opener_(opener),
      broker_(broker),
      heartbeat_(heartbeat),
      settings_(std::move(settings)),
      messages_(max_unstored_messages) {}

BrokerHandlers CollectorService::handlers() {
    BrokerHandlers handlers;
    handlers.message = [this](BrokerMessage message) { messages_.push(std::move(message)); };
    // A receipt that the broker did not take is given again when its device sends again.
    handlers.accepted = [](std::uint64_t, Result<void> accepted) {
        if (!accepted)
            log_warning("collector", "the broker refused a receipt: {}", accepted.error().message());
    };
    handlers.state = [this](bool connected, const std::string& reason) {
        connected_ = connected;
        if (connected)
            log_info("collector", "connected to the broker {}", reason);
        else
            log_warning("collector", "no broker: {}", reason);
    };
    return handlers;
}

Result<void> CollectorService::subscribe() {
    for (const std::string_view leaf : leaves) {
        const std::string filter = fmt::format("lpr/v1/dev/+/{}", leaf);
        TRY(broker_.subscribe(settings_.share_group.empty()
                                  ? filter
                                  : fmt::format("$share/{}/{}", settings_.share_group, filter)));
    }
    return {};
}

std::vector<BrokerMessage> CollectorService::next_batch(milliseconds patience, const std::stop_token& stop) {
    std::vector<BrokerMessage> batch;
    auto message = messages_.take(patience, stop);
    const auto deadline = std::chrono::steady_clock::now() + settings_.batch_time;
    while (message) {
        batch.push_back(std::move(*message));
        if (batch.size() >= settings_.batch_messages) break;
        message = messages_.take(deadline - std::chrono::steady_clock::now(), stop);
    }
    return batch;
}

Result<void> CollectorService::turn(milliseconds patience, const std::stop_token& stop) {
    const std::vector<BrokerMessage> batch = next_batch(patience, stop);
    if (!batch.empty()) TRY(with_context(ingest_.accept(batch), "cannot store a batch"));
    Result<void> given = with_context(publish_receipts(), "cannot give receipts");
    publish_answers();
    TRY(exchange_with_opener());
    TRY(std::move(given));
    TRY(with_context(ingest_.look_round(connected_), "cannot look round"));
    heartbeat_.beat();
    return {};
}

Result<void> CollectorService::exchange_with_opener() {
    const std::vector<OpenReply> replies = opener_.take_replies();
    if (!replies.empty()) TRY(with_context(ingest_.judged(replies), "cannot store verdicts"));
    if (const auto keys = opener_.keys()) ingest_.opener_keys_are(*keys);
    ingest_.opener_is(opener_.connected());
    for (OpenRequest& request : TRY(ingest_.to_judge(open_window)))
        PORTCULLIS_ASSERT(opener_.ask(std::move(request)));
    return {};
}

Result<void> CollectorService::publish_receipts() {
    for (BrokerMessage& message : TRY(ingest_.receipts())) {
        const Result<void> published = broker_.publish(next_token_++, std::move(message));
        // Not connected just now: the device sends again, and is answered then.
        if (!published) log_debug("collector", "no receipt sent: {}", published.error().message());
    }
    return {};
}

void CollectorService::publish_answers() {
    if (registrar_ == nullptr || !connected_) return;
    for (BrokerMessage& message : registrar_->answers(SystemClock().since_boot())) {
        const Result<void> published = broker_.publish(next_token_++, std::move(message));
        if (!published) log_warning("collector", "no key sent: {}", published.error().message());
    }
}

void CollectorService::tell() {
    const IngestCounters& now = ingest_.counters();
    if (now == told_ && dropped() == told_dropped_) return;
    log_info("collector",
             "messages={} stored={} duplicates={} conflicting={} refused={} denied={} dropped={} receipts={} "
             "good={} "
             "doubtful={} opener={}",
             now.messages, now.stored, now.duplicates, now.conflicting, now.refused, now.denied, dropped(),
             now.receipts, now.judged_good, now.judged_doubtful, opener_.connected() ? "connected" : "away");
    if (const auto most = messages_.most_dropped())
        log_warning(
            "collector",
            "more messages than could be stored; most of those dropped are device={} dropped={}; it keeps "
            "what has no receipt and sends it again",
            most->device.empty() ? "?" : most->device, most->messages);
    notify_status(
        fmt::format("stored={} good={} doubtful={}", now.stored, now.judged_good, now.judged_doubtful));
    told_ = now;
    told_dropped_ = dropped();
}

void CollectorService::run(const std::stop_token& stop, const std::function<void()>& before_turn) {
    auto next_tell = std::chrono::steady_clock::now() + tell_every;
    bool failing = false;
    while (!stop.stop_requested()) {
        before_turn();
        const Result<void> done = turn(ingest_.in_flight() > 0 ? busy_patience : idle_patience, stop);
        if (!done && !failing)
            log_error("collector", "{}; going on, the devices keep what has no receipt",
                      done.error().message());
        if (done && failing) log_info("collector", "the store works again");
        failing = !done.has_value();
        // While the store fails, arrivals overflow and are dropped; they have no receipt.
        if (failing) std::this_thread::sleep_for(settings_.error_pause);
        if (std::chrono::steady_clock::now() < next_tell) continue;
        tell();
        next_tell += tell_every;
    }
    tell();
}

}  // namespace portcullis
