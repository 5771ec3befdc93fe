#pragma once
// An opener's server on sockets of its own, whose crank a test turns.

#include <unistd.h>

#include <vector>

#include "collector/opener/opener_server.hpp"
#include "unit/collector/access_bench.hpp"
#include "unit/collector/collector_bench.hpp"

namespace portcullis::test {

inline constexpr milliseconds patience{5000};

/// As an operator with a case subscribes: host_policy names the test's own account.
inline Subscription look(std::uint32_t last = 0) {
    return {last, "stolen-vehicle", "2026-117"};
}

/// An opener's server on sockets in a folder of its own; the test turns its crank.
class ServerBench {
  public:
    explicit ServerBench(uid_t collector = ::geteuid(), std::size_t keep = 10, bool with_index = false,
                         const LookLimits& limits = {})
        : server(Judge(road.opener_with({road.reader, road.evidence})), ViewFeed(keep),
                 policy.desk_on(audit_path, clock, limits),
                 OpenerSockets{must(listen_unix(ingest_path, {})), must(listen_unix(views_path, {0666, {}})),
                               collector},
                 plates_on(with_index)) {}

    PacketStream connect(const std::filesystem::path& path) {
        PacketStream stream(must(connect_unix(path)));
        turn();
        return stream;
    }
    void turn() {
        for (int i = 0; i < 3; ++i)
            must_do(server.step(milliseconds(0)));
    }
    OpenReply ask(PacketStream& collector, const OpenRequest& request) {
        must_do(collector.send(to_packet(request), patience));
        turn();
        return must(parse_open_reply(must(collector.receive(milliseconds(0)))));
    }
    OpenRequest request(const SealedItem& item) {
        OpenRequest request;
        request.id = item.seq;
        request.device = device.name;
        request.chain = device.head.chain;
        request.seq = item.seq;
        request.kind = item.kind;
        request.received_at = now;
        request.blob = item.blob;
        return request;
    }

    /// What the audit log says of its granted or refused accesses, in order; without those of the policy.
    std::vector<Access> entries(AccessVerdict verdict = AccessVerdict::granted) const {
        std::vector<Access> all = all_entries(audit_path);
        std::erase_if(all,
                      [&](const Access& one) { return one.verdict != verdict || one.what == adopts_policy; });
        return all;
    }

    /// Everything of one person's looks: a collector to ask, and a viewer who has subscribed.
    PacketStream collector() {
        PacketStream stream = connect(ingest_path);
        static_cast<void>(must(stream.receive(milliseconds(0))));  // the greeting
        return stream;
    }
    PacketStream viewer(const Subscription& subscription) {
        PacketStream stream = connect(views_path);
        must_do(stream.send(to_packet(subscription), patience));
        turn();
        return stream;
    }

    Road road;
    TestDevice device{road};
    std::filesystem::path ingest_path = road.pki.folder() / "ingest.sock";
    std::filesystem::path views_path = road.pki.folder() / "view.sock";
    std::filesystem::path audit_path = road.pki.folder() / "audit.db";
    std::filesystem::path index_path = road.pki.folder() / "index.db";
    PolicyFile policy;
    FakeClock clock{now};  // of the desk and the register
    KeyFiles auditor = road.pki.recipient("auditor");
    OpenerServer server;

  private:
    OpenerPlates plates_on(bool with_index) const {
        OpenerPlates plates;
        if (!with_index) return plates;
        plates.index.emplace(must(PlateRegister::create(index_path, clock)));
        plates.search.emplace(must(SearchDesk::create(auditor.certificate)));
        return plates;
    }
};

}  // namespace portcullis::test
