#include "collector/ingest/opener_client.hpp"

#include <condition_variable>

#include "base/log.hpp"
#include "base/thread.hpp"

namespace portcullis {

namespace {

constexpr int max_patience_growth = 16;
/// Between a request and its answer the opener's keys do not change more often.
constexpr int max_hellos = 8;

void pause(milliseconds patience, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, patience, [&stop] { return stop.stop_requested(); });
}

}  // namespace

OpenerClient::OpenerClient(OpenerClientSettings settings)
    : settings_(std::move(settings)),
      requests_(open_window, Overflow::block),
      replies_(open_window, Overflow::block),
      thread_(start_thread("opener-client", [this](const std::stop_token& stop) { run(stop); })) {}

bool OpenerClient::ask(OpenRequest request) {
    // Only one thread asks, so what is not full now is not full at the next line.
    return requests_.size() < open_window && requests_.send(std::move(request));
}

std::vector<OpenReply> OpenerClient::take_replies() {
    std::vector<OpenReply> replies;
    while (auto reply = replies_.receive_for(milliseconds(0)))
        replies.push_back(*reply);
    return replies;
}

std::optional<Digest> OpenerClient::keys() const {
    const std::scoped_lock lock(mutex_);
    return keys_;
}

void OpenerClient::keep_keys(const Digest& keys) {
    const std::scoped_lock lock(mutex_);
    keys_ = keys;
}

void OpenerClient::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const std::vector<OpenRequest> requests = take(stop);
        if (requests.empty() && !stop.stop_requested()) listen();
        for (std::size_t i = ask_together(requests, stop); i < requests.size() && !stop.stop_requested(); ++i)
            settle(requests[i], stop);
    }
}

std::vector<OpenRequest> OpenerClient::take(const std::stop_token& stop) {
    std::vector<OpenRequest> requests;
    auto next = requests_.receive_for(settings_.idle_look, stop);
    while (next) {
        requests.push_back(std::move(*next));
        if (requests.size() == open_together) break;
        next = requests_.receive_for(milliseconds(0), stop);
    }
    return requests;
}

std::size_t OpenerClient::ask_together(const std::vector<OpenRequest>& requests,
                                       const std::stop_token& stop) {
    if (!stream_ || requests.size() < 2) return 0;
    for (const OpenRequest& request : requests)
        if (const Result<void> sent = stream_->send(to_packet(request), settings_.answer_patience); !sent) {
            lost(sent.error());
            return 0;
        }
    for (std::size_t answered = 0; answered < requests.size(); ++answered) {
        const Result<OpenReply> reply = receive_reply(requests[answered].id, settings_.answer_patience);
        if (reply && replies_.send(*reply, stop)) continue;
        if (!reply) lost(reply.error());
        return answered;
    }
    return requests.size();
}

void OpenerClient::listen() {
    if (!stream_) {
        if (greet()) log_info("collector", "the opener answers");
        return;
    }
    for (;;) {
        const auto packet = stream_->receive_now();
        if (!packet) return lost(packet.error());
        if (!*packet) return;
        const Result<Digest> keys = parse_hello(**packet);
        if (!keys) return lost(keys.error());
        keep_keys(*keys);
    }
}

void OpenerClient::settle(const OpenRequest& request, const std::stop_token& stop) {
    milliseconds patience = settings_.answer_patience;
    for (int deaths = 0; deaths < settings_.max_deaths;) {
        if (!stream_ && !connect(stop)) return;
        Result<OpenReply> reply = exchange(request, patience);
        if (reply) {
            static_cast<void>(replies_.send(*reply, stop));
            return;
        }
        if (stop.stop_requested()) return;
        // Slow is not dead: an opener that hangs for ever is killed by its own watchdog, and that is a death.
        if (reply.error().code() == ErrorCode::timeout)
            patience = std::min(patience * 2, settings_.answer_patience * max_patience_growth);
        else
            ++deaths;
        lost(reply.error());
        pause(settings_.first_retry, stop);
    }
    log_error("collector", "the opener died {} times over device={} chain={} seq={}: called damaged",
              settings_.max_deaths, request.device, to_string(request.chain), request.seq);
    OpenReply damaged;
    damaged.id = request.id;
    damaged.verdict = {Authenticity::damaged, KeyTrust::unchecked};
    static_cast<void>(replies_.send(damaged, stop));
}

/// With back-off, for ever. False: stop was asked for.
bool OpenerClient::connect(const std::stop_token& stop) {
    milliseconds delay = settings_.first_retry;
    while (!stop.stop_requested()) {
        const Result<void> greeted = greet();
        if (greeted) {
            log_info("collector", "the opener answers");
            return true;
        }
        if (delay == settings_.first_retry)
            log_warning("collector", "no opener: {}; items are stored and wait for their verdict",
                        greeted.error().message());
        pause(delay, stop);
        delay = std::min(delay * 2, settings_.last_retry);
    }
    return false;
}

/// An opener that does not know us hangs up without a hello; that is no fault of the item that waits.
Result<void> OpenerClient::greet() {
    PacketStream stream(TRY(connect_unix(settings_.socket)));
    const Packet hello = TRY(with_context(stream.receive(settings_.answer_patience), "greeting"));
    keep_keys(TRY(parse_hello(hello)));
    stream_.emplace(std::move(stream));
    connected_ = true;
    return {};
}

Result<OpenReply> OpenerClient::exchange(const OpenRequest& request, milliseconds patience) {
    TRY(stream_->send(to_packet(request), patience));
    return receive_reply(request.id, patience);
}

Result<OpenReply> OpenerClient::receive_reply(std::uint64_t id, milliseconds patience) {
    Packet packet = TRY(stream_->receive(patience));
    for (int hellos = 0; hellos < max_hellos; ++hellos) {
        const Result<Digest> keys = parse_hello(packet);
        if (!keys) break;
        keep_keys(*keys);
        packet = TRY(stream_->receive(patience));
    }
    const OpenReply reply = TRY(parse_open_reply(packet));
    if (reply.id != id)
        return fail(ErrorCode::corrupt, "the opener answered another request than it was asked");
    return reply;
}

void OpenerClient::lost(const Error& error) {
    stream_.reset();
    connected_ = false;
    log_warning("collector", "lost the opener: {}", error.message());
}

}  // namespace portcullis
