#include "collector/opener/opener_server.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"

namespace portcullis {

namespace {

/// A collector that does not fetch its answers for so long is let go.
constexpr milliseconds reply_patience{2000};
/// One client gets no more turns in a row.
constexpr int max_packets_per_turn = 16;

}  // namespace

OpenerServer::OpenerServer(Judge judge, ViewFeed feed, OpenerSockets sockets)
    : judge_(std::move(judge)), feed_(std::move(feed)), sockets_(std::move(sockets)) {}

Result<void> OpenerServer::step(milliseconds patience) {
    std::vector<pollfd> entries{{sockets_.ingest.get(), POLLIN, 0}, {sockets_.views.get(), POLLIN, 0}};
    for (const PacketStream& client : collectors_)
        entries.push_back({client.fd(), POLLIN, 0});
    for (const PacketStream& viewer : viewers_) {
        const Outbox* outbox = feed_.outbox(viewer.fd());
        const bool waiting = outbox != nullptr && !outbox->empty();
        entries.push_back({viewer.fd(), static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0});
    }
    const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(patience.count()));
    if (ready < 0 && errno != EINTR) return fail(Error::from_errno("opener: cannot wait", errno));
    if (ready <= 0) return {};
    auto entry = entries.begin() + 2;
    std::erase_if(collectors_,
                  [&](PacketStream& client) { return (entry++)->revents != 0 && !serve_collector(client); });
    std::erase_if(viewers_, [&](PacketStream& viewer) {
        const short events = (entry++)->revents;
        const bool stays = ((events & ~POLLOUT) == 0 || hear_viewer(viewer)) && feed_viewer(viewer);
        if (!stays) feed_.unsubscribe(viewer.fd());
        return !stays;
    });
    for (const int fd : std::exchange(overfull_, {}))
        std::erase_if(viewers_, [fd](const PacketStream& viewer) { return viewer.fd() == fd; });
    if (entries[0].revents != 0) accept_collector();
    if (entries[1].revents != 0) accept_viewer();
    return {};
}

void OpenerServer::replace_keys(EnvelopeOpener opener) {
    judge_.replace(std::move(opener));
    const Packet hello = hello_packet(judge_.keys());
    std::erase_if(collectors_,
                  [&](PacketStream& client) { return !client.send(hello, reply_patience).has_value(); });
}

void OpenerServer::accept_collector() {
    auto socket = accept_unix(sockets_.ingest);
    if (!socket || !*socket) return;
    const Result<Peer> peer = peer_of(**socket);
    if (!peer || peer->uid != sockets_.collector || collectors_.size() >= max_ingest_clients) {
        ++counters_.strangers;
        log_warning("opener", "refused a connection on the ingest socket uid={} expected_uid={} connected={}",
                    peer ? static_cast<long>(peer->uid) : -1L, sockets_.collector, collectors_.size());
        return;
    }
    PacketStream client(std::move(**socket));
    if (client.send(hello_packet(judge_.keys()), reply_patience)) collectors_.push_back(std::move(client));
}

void OpenerServer::accept_viewer() {
    auto socket = accept_unix(sockets_.views);
    if (!socket || !*socket) return;
    if (viewers_.size() >= max_view_clients) {
        ++counters_.strangers;
        log_warning("opener", "refused a viewer: {} are connected", viewers_.size());
        return;
    }
    viewers_.emplace_back(std::move(**socket));
}

bool OpenerServer::serve_collector(PacketStream& client) {
    for (int turn = 0; turn < max_packets_per_turn; ++turn) {
        auto packet = client.receive_now();
        if (!packet) {
            if (packet.error().code() != ErrorCode::closed)
                log_warning("opener", "collector: {}", packet.error().message());
            return false;
        }
        if (!*packet) return true;
        if (!answer(client, std::move(**packet))) return false;
    }
    return true;
}

bool OpenerServer::answer(PacketStream& client, Packet packet) {
    const Result<OpenRequest> request = parse_open_request(std::move(packet));
    if (!request) {
        log_warning("opener", "collector: {}", request.error().message());
        return false;
    }
    const Judgement judgement = judge_.judge(*request);
    count(judgement.reply);
    if (judgement.reply.outcome == OpenOutcome::judged && !judgement.reply.verdict.good())
        log_warning("opener", "doubtful device={} chain={} seq={} kind={} verdict={} key={} reason=\"{}\"",
                    request->device, to_string(request->chain), request->seq, to_string(request->kind),
                    to_string(judgement.reply.verdict.authenticity),
                    to_string(judgement.reply.verdict.key_trust), judgement.reason);
    if (judgement.view) publish(*judgement.view);
    const Result<void> sent = client.send(to_packet(judgement.reply), reply_patience);
    if (!sent) log_warning("opener", "collector: {}", sent.error().message());
    return sent.has_value();
}

void OpenerServer::count(const OpenReply& reply) {
    ++counters_.opened;
    if (reply.outcome == OpenOutcome::waits)
        ++counters_.waiting;
    else
        ++(reply.verdict.good() ? counters_.good : counters_.doubtful);
}

void OpenerServer::publish(const View& view) {
    for (const int full : feed_.publish(view)) {
        ++counters_.slow_viewers;
        log_warning("opener", "let a viewer go who is {} views behind", Outbox::max_views);
        feed_.unsubscribe(full);
        overfull_.push_back(full);  // closed when the turn is over: its place in the poll set is still in use
    }
    for (PacketStream& viewer : viewers_)
        static_cast<void>(feed_viewer(viewer));  // a closed one is noticed by the next poll
}

bool OpenerServer::hear_viewer(PacketStream& viewer) {
    const auto packet = viewer.receive_now();
    if (!packet) return false;
    if (!*packet) return true;
    const Result<Subscription> subscription = parse_subscription(**packet);
    if (!subscription || feed_.outbox(viewer.fd()) != nullptr) {
        log_warning("opener", "a viewer was let go: {}",
                    subscription ? "it subscribed twice" : subscription.error().message());
        return false;
    }
    feed_.subscribe(viewer.fd(), *subscription);
    return true;
}

bool OpenerServer::feed_viewer(PacketStream& viewer) {
    Outbox* outbox = feed_.outbox(viewer.fd());
    while (outbox != nullptr && !outbox->empty()) {
        const Result<std::size_t> sent = viewer.send_some(outbox->next());
        if (!sent) return false;
        if (*sent == 0) return true;
        outbox->sent(*sent);
    }
    return true;
}

}  // namespace portcullis
