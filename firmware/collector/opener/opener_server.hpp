#pragma once
// OpenerServer: the opener's two Unix sockets. On one the collector (its uid, and nobody else) asks for
// verdicts; on the other those whom the access policy names see views of their sites, each of which is
// entered in the audit log before its first byte is sent. One thread, poll(2), nothing that can wait on a
// peer. Thread-bound.

#include <list>

#include "collector/link/status_exchange.hpp"
#include "collector/link/unix_socket.hpp"
#include "collector/opener/access_desk.hpp"
#include "collector/opener/crossing_desk.hpp"
#include "collector/opener/hotlist_desk.hpp"
#include "collector/opener/judge.hpp"
#include "collector/opener/plate_register.hpp"
#include "collector/opener/search_desk.hpp"
#include "collector/opener/view_feed.hpp"

namespace portcullis {

inline constexpr std::size_t max_ingest_clients = 4;
inline constexpr std::size_t max_view_clients = 32;

struct OpenerSockets {
    UniqueFd ingest;
    UniqueFd views;
    uid_t collector = 0;  // who alone may ask for verdicts
};

struct OpenerPlates {
    std::optional<PlateRegister> index = {};  // none: nothing is indexed
    std::optional<SearchDesk> search = {};    // none: nothing can be searched
};

struct OpenerCounters {
    std::uint64_t opened = 0;
    std::uint64_t good = 0;
    std::uint64_t doubtful = 0;
    std::uint64_t waiting = 0;
    std::uint64_t strangers = 0;  // connections that were refused
    std::uint64_t slow_viewers = 0;
    std::uint64_t shown = 0;     // reads, to a person: as many as there are entries
    std::uint64_t refused = 0;   // people who may not look, or may no longer, or look too much
    std::uint64_t alarms = 0;    // who looks too much, or at too much of a site
    std::uint64_t searches = 0;  // that were answered, those of crossings among them
    std::uint64_t hits = 0;      // of the hotlist
    std::uint64_t indexed = 0;
    std::uint64_t unindexed = 0;  // reads that the index's disk did not take
    bool operator==(const OpenerCounters&) const = default;
};

class OpenerServer {
  public:
    OpenerServer(Judge judge, ViewFeed feed, AccessDesk desk, OpenerSockets sockets,
                 OpenerPlates plates = {});
    OpenerServer(const OpenerServer&) = delete;  // the register borrows the judge's keys
    OpenerServer& operator=(const OpenerServer&) = delete;

    /// Waits at most `patience` for something to do, and does it. Errors: io (poll itself failed).
    Result<void> step(milliseconds patience);

    /// New keys and trust (SIGHUP); the collector is told, so that it asks again what was not known before.
    /// Of keys that are gone nothing is kept for late subscribers either.
    void replace_keys(EnvelopeOpener opener);
    /// These keys are destroyed; the rest stays. Gives how many of them we held.
    std::size_t forget_keys(std::span<const std::string> ids);
    /// Another auditor (SIGHUP): from now on questions are sealed to him.
    void replace_search(SearchDesk search) { plates_.search = std::move(search); }
    /// From now on reads are held against this hotlist. A list that is refused is told, and nothing is wanted
    /// until reload_hotlist() succeeds. Errors: HotlistDesk::use_keys'.
    [[nodiscard]] Result<void> use_hotlist(HotlistDesk hotlist);
    /// Takes the hotlist's file anew (SIGHUP); one that is refused is told, and the one before stays.
    void reload_hotlist();
    /// Before the end: what waits to be entered is entered.
    void finish() { desk_.settle(std::chrono::seconds(0)); }
    /// Takes the access policy anew (SIGHUP); who may no longer look is let go with the next step, and told.
    void reload_policy();
    /// Honours a replaced deny list or revocation list (TrustStore::refresh).
    [[nodiscard]] Result<bool> refresh_trust() { return judge_.refresh_trust(); }
    [[nodiscard]] const OpenerCounters& counters() const { return counters_; }
    [[nodiscard]] std::size_t viewers() const { return viewers_.size(); }

  private:
    /// The index and the collectors hear of other keys.
    void greet_anew();
    void accept_collector();
    void accept_viewer();
    /// False: let the client go.
    [[nodiscard]] bool serve_collector(PacketStream& client);
    [[nodiscard]] Judgement judge(const OpenRequest& request);
    [[nodiscard]] bool answer(PacketStream& client, const std::vector<Judgement>& judgements);
    struct Viewer {
        PacketStream stream;
        std::optional<Admission> admission;  // nothing before he subscribed
    };
    [[nodiscard]] bool hear_viewer(Viewer& viewer);
    [[nodiscard]] bool seat_viewer(Viewer& viewer, const Subscription& subscription);
    /// He gets one packet, an answer or a refusal, and is let go.
    void serve_search(Viewer& viewer, const Packet& packet);
    void serve_crossings(Viewer& viewer, const Packet& packet);
    void serve_hotlist(Viewer& viewer, const Packet& packet);
    void serve_status(Viewer& viewer, const Packet& packet);
    void reply(Viewer& viewer, Result<Packet> answer);
    [[nodiscard]] Result<OpenerStatus> status(const Viewer& viewer) const;
    template <class Request>
    [[nodiscard]] Result<Admission> admit_search(const Viewer& viewer, const Request& request,
                                                 std::string_view what);
    [[nodiscard]] Result<SearchAnswer> search(const Viewer& viewer, const SearchRequest& request);
    [[nodiscard]] Result<Packet> hits(const Viewer& viewer, const HotlistRequest& request);
    [[nodiscard]] Result<CrossingAnswer> cross(const Viewer& viewer, const CrossingRequest& request);
    /// Those whose rights have ended are let go, and told.
    void dismiss_viewers();
    void tell_why(Viewer& viewer, const std::string& reason);
    /// The openings of the views that wait are entered in the log, and the views may go out.
    void grant_views();
    /// All viewers are let go, and told.
    void show_nothing(const Error& error);
    [[nodiscard]] bool feed_viewer(Viewer& viewer);
    void let_go(const Viewer& viewer, const std::string& reason);
    void index(std::vector<Judgement>& judgements);
    void publish(const View& view);
    void count(const OpenReply& reply);

    Judge judge_;
    ViewFeed feed_;
    AccessDesk desk_;
    OpenerSockets sockets_;
    OpenerPlates plates_;
    std::optional<HotlistDesk> hotlist_;  // none: nothing is wanted here
    std::list<PacketStream> collectors_;
    std::list<Viewer> viewers_;
    std::vector<int> overfull_;  // viewers to be let go at the end of this turn
    OpenerCounters counters_;
};

}  // namespace portcullis
