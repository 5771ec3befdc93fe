#include "collector/opener/opener_server.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "collector/link/accounts.hpp"

namespace portcullis {

namespace {

/// A collector that does not fetch its answers for so long is let go.
constexpr milliseconds reply_patience{2000};
/// One client gets no more turns in a row.
constexpr std::size_t max_packets_per_turn = 16;

}  // namespace

OpenerServer::OpenerServer(Judge judge, ViewFeed feed, AccessDesk desk, OpenerSockets sockets,
                           OpenerPlates plates)
    : judge_(std::move(judge)),
      feed_(std::move(feed)),
      desk_(std::move(desk)),
      sockets_(std::move(sockets)),
      plates_(std::move(plates)) {
    if (plates_.index) plates_.index->use_keys(judge_.opener());
}

Result<void> OpenerServer::step(milliseconds patience) {
    std::vector<pollfd> entries{{sockets_.ingest.get(), POLLIN, 0}, {sockets_.views.get(), POLLIN, 0}};
    for (const PacketStream& client : collectors_)
        entries.push_back({client.fd(), POLLIN, 0});
    for (const Viewer& viewer : viewers_) {
        const Outbox* outbox = feed_.outbox(viewer.stream.fd());
        const bool waiting = outbox != nullptr && !outbox->empty();
        entries.push_back({viewer.stream.fd(), static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0});
    }
    if (plates_.index) plates_.index->tick();
    const bool sweeping = plates_.index && plates_.index->is_sweeping();
    const int wait = sweeping ? 0 : static_cast<int>(patience.count());
    const int ready = ::poll(entries.data(), entries.size(), wait);
    if (ready < 0 && errno != EINTR) return fail(Error::from_errno("opener: cannot wait", errno));
    if (ready > 0) {
        auto entry = entries.begin() + 2;
        std::erase_if(collectors_, [&](PacketStream& client) {
            return (entry++)->revents != 0 && !serve_collector(client);
        });
        std::erase_if(viewers_, [&](Viewer& viewer) {
            const bool stays = ((entry++)->revents & ~POLLOUT) == 0 || hear_viewer(viewer);
            if (!stays) feed_.unsubscribe(viewer.stream.fd());
            return !stays;
        });
    }
    desk_.settle();
    dismiss_viewers();
    if (ready <= 0) return {};
    grant_views();
    for (const int fd : std::exchange(overfull_, {}))
        std::erase_if(viewers_, [fd](const Viewer& viewer) { return viewer.stream.fd() == fd; });
    std::erase_if(viewers_, [&](Viewer& viewer) {
        const bool stays = feed_viewer(viewer);
        if (!stays) feed_.unsubscribe(viewer.stream.fd());
        return !stays;
    });
    counters_.alarms = desk_.alarms();
    if (entries[0].revents != 0) accept_collector();
    if (entries[1].revents != 0) accept_viewer();
    return {};
}

void OpenerServer::replace_keys(EnvelopeOpener opener) {
    const std::vector<std::string> before = judge_.opener().recipients();
    judge_.replace(std::move(opener));
    const std::vector<std::string> now = judge_.opener().recipients();
    if (std::ranges::any_of(
            before, [&now](const std::string& id) { return std::ranges::find(now, id) == now.end(); }))
        feed_.forget_kept();
    greet_anew();
}

std::size_t OpenerServer::forget_keys(std::span<const std::string> ids) {
    const std::size_t forgotten = judge_.forget(ids);
    if (forgotten == 0) return 0;
    feed_.forget_kept();
    greet_anew();
    return forgotten;
}

void OpenerServer::greet_anew() {
    if (plates_.index) plates_.index->use_keys(judge_.opener());
    if (hotlist_) {
        if (const auto used = hotlist_->use_keys(judge_.opener()); !used)
            log_error("opener", "hotlist: hits of before are not shown: {}", used.error().message());
        reload_hotlist();  // it may be sealed to a key that came
    }
    const Packet hello = hello_packet(judge_.keys());
    std::erase_if(collectors_,
                  [&](PacketStream& client) { return !client.send(hello, reply_patience).has_value(); });
}

Result<void> OpenerServer::use_hotlist(HotlistDesk hotlist) {
    hotlist_.emplace(std::move(hotlist));
    TRY(hotlist_->use_keys(judge_.opener()));
    reload_hotlist();
    return {};
}

void OpenerServer::reload_hotlist() {
    if (!hotlist_) return;
    const Result<void> reloaded = hotlist_->reload(judge_.opener(), desk_);
    if (!reloaded) log_error("opener", "the hotlist is not taken: {}", reloaded.error().message());
}

void OpenerServer::reload_policy() {
    const Result<bool> reloaded = desk_.reload();
    if (!reloaded)
        log_error("opener", "{}; going on with the access policy version={}", reloaded.error().message(),
                  desk_.policy().version);
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
    viewers_.push_back({PacketStream(std::move(**socket)), std::nullopt});
}

/// What has come by now is judged, entered and answered together.
bool OpenerServer::serve_collector(PacketStream& client) {
    std::vector<Judgement> judgements;
    bool stays = true;
    while (judgements.size() < max_packets_per_turn) {
        auto packet = client.receive_now();
        if (!packet && packet.error().code() != ErrorCode::closed)
            log_warning("opener", "collector: {}", packet.error().message());
        stays = packet.has_value();
        if (!stays || !*packet) break;
        const Result<OpenRequest> request = parse_open_request(std::move(**packet));
        if (!request) log_warning("opener", "collector: {}", request.error().message());
        stays = request.has_value();
        if (!stays) break;
        judgements.push_back(judge(*request));
    }
    index(judgements);
    return answer(client, judgements) && stays;
}

Judgement OpenerServer::judge(const OpenRequest& request) {
    Judgement judgement = judge_.judge(request);
    count(judgement.reply);
    if (judgement.reply.outcome == OpenOutcome::judged && !judgement.reply.verdict.good())
        log_warning("opener", "doubtful device={} chain={} seq={} kind={} verdict={} key={} reason=\"{}\"",
                    request.device, to_string(request.chain), request.seq, to_string(request.kind),
                    to_string(judgement.reply.verdict.authenticity),
                    to_string(judgement.reply.verdict.key_trust), judgement.reason);
    if (hotlist_) {
        hotlist_->match(judgement, judge_.opener(), desk_.policy());
        counters_.hits = hotlist_->counters().hits;
    }
    return judgement;
}

bool OpenerServer::answer(PacketStream& client, const std::vector<Judgement>& judgements) {
    for (const Judgement& judgement : judgements) {
        if (judgement.view) publish(*judgement.view);
        const Result<void> sent = client.send(to_packet(judgement.reply), reply_patience);
        if (sent) continue;
        log_warning("opener", "collector: {}", sent.error().message());
        return false;
    }
    return true;
}

void OpenerServer::count(const OpenReply& reply) {
    ++counters_.opened;
    if (reply.outcome == OpenOutcome::waits)
        ++counters_.waiting;
    else
        ++(reply.verdict.good() ? counters_.good : counters_.doubtful);
}

/// Before anybody is shown it, and before the collector hears that it is done with.
void OpenerServer::index(std::vector<Judgement>& judgements) {
    if (!plates_.index) return;
    for (Judgement& judgement : judgements)
        if (judgement.passage) plates_.index->note(std::move(*judgement.passage), judgement.recipient);
    plates_.index->enter_noted();
    counters_.indexed = plates_.index->entered();
    counters_.unindexed = plates_.index->missed();
}

void OpenerServer::publish(const View& view) {
    for (const int full : feed_.publish(view)) {
        ++counters_.slow_viewers;
        log_warning("opener", "let a viewer go who is {} views behind", Outbox::max_views);
        feed_.unsubscribe(full);
        overfull_.push_back(full);  // closed when the turn is over: its place in the poll set is still in use
    }
}

void OpenerServer::let_go(const Viewer& viewer, const std::string& reason) {
    log_warning("opener", "a viewer was let go: {}", reason);
    feed_.unsubscribe(viewer.stream.fd());
    overfull_.push_back(viewer.stream.fd());
}

bool OpenerServer::hear_viewer(Viewer& viewer) {
    const auto packet = viewer.stream.receive_now();
    if (!packet) return false;
    if (!*packet) return true;
    if (!viewer.admission && is_search(**packet)) {
        serve_search(viewer, **packet);
        return false;
    }
    if (!viewer.admission && is_crossing_request(**packet)) {
        serve_crossings(viewer, **packet);
        return false;
    }
    if (!viewer.admission && is_hotlist_request(**packet)) {
        serve_hotlist(viewer, **packet);
        return false;
    }
    if (!viewer.admission && is_status_request(**packet)) {
        serve_status(viewer, **packet);
        return false;
    }
    const Result<Subscription> subscription = parse_subscription(**packet);
    if (subscription && !viewer.admission) return seat_viewer(viewer, *subscription);
    log_warning("opener", "a viewer was let go: {}",
                subscription ? "it subscribed twice" : subscription.error().message());
    return false;
}

bool OpenerServer::seat_viewer(Viewer& viewer, const Subscription& subscription) {
    const Result<Peer> peer = viewer.stream.peer();
    Result<Admission> admission =
        peer ? desk_.admit(*peer, subscription.purpose, subscription.case_number) : fail(peer.error());
    if (!admission) {
        ++counters_.refused;
        log_warning("opener", "refused a viewer uid={}: {}", peer ? static_cast<long>(peer->uid) : -1L,
                    admission.error().message());
        tell_why(viewer, admission.error().message());
        return false;
    }
    viewer.admission = std::move(*admission);
    feed_.subscribe(viewer.stream.fd(), subscription.last, viewer.admission->devices);
    return true;
}

void OpenerServer::serve_search(Viewer& viewer, const Packet& packet) {
    const Result<SearchRequest> request = parse_search_request(packet);
    if (!request) return log_warning("opener", "a viewer was let go: {}", request.error().message());
    const Result<SearchAnswer> answer = search(viewer, *request);
    reply(viewer, answer ? Result<Packet>(to_packet(*answer)) : fail(answer.error()));
}

void OpenerServer::serve_crossings(Viewer& viewer, const Packet& packet) {
    const Result<CrossingRequest> request = parse_crossing_request(packet);
    if (!request) return log_warning("opener", "a viewer was let go: {}", request.error().message());
    const Result<CrossingAnswer> answer = cross(viewer, *request);
    reply(viewer, answer ? Result<Packet>(to_packet(*answer)) : fail(answer.error()));
}

void OpenerServer::serve_hotlist(Viewer& viewer, const Packet& packet) {
    const Result<HotlistRequest> request = parse_hotlist_request(packet);
    if (!request) return log_warning("opener", "a viewer was let go: {}", request.error().message());
    reply(viewer, hits(viewer, *request));
}

void OpenerServer::serve_status(Viewer& viewer, const Packet& packet) {
    const Result<void> request = check_status_request(packet);
    if (!request) return log_warning("opener", "a viewer was let go: {}", request.error().message());
    const Result<OpenerStatus> now = status(viewer);
    reply(viewer, now ? Result<Packet>(to_packet(*now)) : fail(now.error()));
}

void OpenerServer::reply(Viewer& viewer, Result<Packet> answer) {
    // It fits into the socket's buffer: nobody is waited for.
    if (answer) {
        const Result<void> sent = viewer.stream.send(*answer, milliseconds(0));
        wipe(answer->blob);
        if (!sent) log_warning("opener", "an answer was not fetched: {}", sent.error().message());
        return;
    }
    const bool his = answer.error().code() == ErrorCode::refused;
    if (!his) log_error("opener", "nothing is told to anybody: {}", answer.error().message());
    static_cast<void>(viewer.stream.send(
        refusal_packet(his ? answer.error().message() : "there is no answer; the opener's log says why"),
        milliseconds(0)));
}

template <class Request>
Result<Admission> OpenerServer::admit_search(const Viewer& viewer, const Request& request,
                                             std::string_view what) {
    const Peer peer = TRY(viewer.stream.peer());
    auto admission = desk_.admit(peer, request.purpose, request.case_number, what, request.on_behalf);
    if (!admission) {
        ++counters_.refused;
        return admission;
    }
    if (!plates_.index || !plates_.search)
        return fail(
            ErrorCode::refused,
            "this opener searches nothing: name an index and the auditor in [search] of its settings");
    return admission;
}

/// Nothing of it is about a passage: no entry stands for it.
Result<OpenerStatus> OpenerServer::status(const Viewer& viewer) const {
    const Peer peer = TRY(viewer.stream.peer());
    const auto account = account_of(peer.uid);
    if (!account || !desk_.policy().is_gateway(*account))
        return fail(ErrorCode::refused, "counts are told to a gateway of the access policy alone");
    const OpenerCounters& now = counters_;
    return OpenerStatus{now.opened,
                        now.good,
                        now.doubtful,
                        now.waiting,
                        now.strangers,
                        now.slow_viewers,
                        now.shown,
                        now.refused,
                        now.alarms,
                        now.searches,
                        now.indexed,
                        now.unindexed,
                        viewers_.size(),
                        desk_.policy().version,
                        end_of(desk_.policy().until)};
}

Result<SearchAnswer> OpenerServer::search(const Viewer& viewer, const SearchRequest& request) {
    const Admission admission = TRY(admit_search(viewer, request, searches_index));
    const Sees sees = [&admission](std::string_view device) { return admission.sees(device); };
    SearchAnswer answer =
        TRY(plates_.search->answer(request.question, admission.access, sees, plates_.index->index(), desk_));
    ++counters_.searches;
    counters_.shown += answer.found.size();
    return answer;
}

Result<CrossingAnswer> OpenerServer::cross(const Viewer& viewer, const CrossingRequest& request) {
    const Admission admission = TRY(admit_search(viewer, request, pairs_passages));
    const Sees sees = [&admission](std::string_view device) { return admission.sees(device); };
    CrossingAnswer answer = TRY(answer_crossings(request.question, admission.access, sees,
                                                 plates_.index->index(), desk_, *plates_.search));
    ++counters_.searches;
    return answer;
}

Result<Packet> OpenerServer::hits(const Viewer& viewer, const HotlistRequest& request) {
    const Peer peer = TRY(viewer.stream.peer());
    const std::string_view what = request.act == HotlistAct::show      ? shows_hit
                                  : request.act == HotlistAct::confirm ? confirms_hit
                                                                       : rejects_hit;
    const auto admission = desk_.admit(peer, request.purpose, request.case_number, what);
    if (!admission) {
        ++counters_.refused;
        return fail(admission.error());
    }
    if (!hotlist_)
        return fail(ErrorCode::refused, "this opener has no hotlist: name one in [hotlist] of its settings");
    const HotlistAnswer answer = TRY(hotlist_->answer(request, *admission, desk_, desk_.now()));
    counters_.shown += answer.hits.size();
    return to_packet(answer);
}

void OpenerServer::dismiss_viewers() {
    std::erase_if(viewers_, [&](Viewer& viewer) {
        if (!viewer.admission) return false;
        const Result<void> confirmed = desk_.confirm(*viewer.admission);
        if (confirmed) return false;
        ++counters_.refused;
        log_warning("opener", "a viewer was let go uid={}: {}", viewer.admission->access.uid,
                    confirmed.error().message());
        tell_why(viewer, confirmed.error().message());
        feed_.unsubscribe(viewer.stream.fd());
        return true;
    });
}

/// Not within a view that was sent in part.
void OpenerServer::tell_why(Viewer& viewer, const std::string& reason) {
    const Outbox* outbox = feed_.outbox(viewer.stream.fd());
    if (outbox == nullptr || !outbox->in_midst())
        static_cast<void>(viewer.stream.send(refusal_packet(reason), milliseconds(0)));
}

void OpenerServer::grant_views() {
    std::vector<Access> openings;
    std::vector<std::pair<Outbox*, std::size_t>> grants;
    for (Viewer& viewer : viewers_) {
        Outbox* outbox = feed_.outbox(viewer.stream.fd());
        if (outbox == nullptr) continue;
        const auto views = outbox->ungranted(max_accesses - openings.size());
        std::vector<Access> wanted;
        for (const EncodedView* view : views) {
            if (!view->opens()) continue;
            Access& opening = wanted.emplace_back(viewer.admission->access);
            opening.device = view->opens()->device;
            opening.chain = view->opens()->chain;
            opening.seq = view->opens()->seq;
        }
        if (const auto allowed = desk_.allow(wanted, openings); !allowed) {
            if (allowed.error().code() != ErrorCode::refused) return show_nothing(allowed.error());
            ++counters_.refused;
            tell_why(viewer, allowed.error().message());
            let_go(viewer, allowed.error().message());
            continue;
        }
        openings.insert(openings.end(), wanted.begin(), wanted.end());
        grants.emplace_back(outbox, views.size());
    }
    const Result<void> entered = desk_.enter(openings);
    if (!entered) return show_nothing(entered.error());
    for (const auto& [outbox, views] : grants)
        outbox->grant(views);
    counters_.shown += openings.size();
}

void OpenerServer::show_nothing(const Error& error) {
    log_error("opener", "nothing is shown: {}", error.message());
    for (Viewer& viewer : viewers_) {
        tell_why(viewer, "the audit log cannot be written; the opener's log says why");
        let_go(viewer, "the audit log cannot be written");
    }
}

bool OpenerServer::feed_viewer(Viewer& viewer) {
    Outbox* outbox = feed_.outbox(viewer.stream.fd());
    while (outbox != nullptr && !outbox->next().empty()) {
        const Result<std::size_t> sent = viewer.stream.send_some(outbox->next());
        if (!sent) return false;
        if (*sent == 0) return true;
        outbox->sent(*sent);
    }
    return true;
}

}  // namespace portcullis
