// What reaches a viewer: by the access policy, on the opener's socket.
#include <doctest/doctest.h>

#include "unit/collector/server_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// The words of the last packet to a viewer, behind which his connection is closed.
std::string farewell(PacketStream& viewer) {
    const auto reason = parse_refusal(must(viewer.receive(milliseconds(0))));
    REQUIRE(reason);
    const auto end = viewer.receive(milliseconds(0));
    REQUIRE_FALSE(end);
    CHECK(end.error().code() == ErrorCode::closed);
    return *reason;
}

bool sees_nothing(PacketStream& viewer) {
    return viewer.receive(milliseconds(0)).error().code() == ErrorCode::timeout;
}

Seq next_seq(PacketStream& viewer) {
    return must(parse_view(must(viewer.receive(milliseconds(0))))).seq;
}

/// The same policy with a version and without us.
AccessPolicy without_us(std::uint64_t version) {
    AccessPolicy policy = host_policy(version);
    remove_person(policy, ::geteuid());
    return policy;
}

OpenRequest of_device(OpenRequest request, const std::string& device) {
    request.device = device;
    return request;
}

}  // namespace

TEST_CASE("attack: an account that the policy does not name is told so on the socket, and sees nothing") {
    ServerBench bench;
    bench.policy.put(without_us(8));
    bench.server.reload_policy();
    PacketStream collector = bench.collector();
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    PacketStream viewer = bench.viewer(look(10));
    CHECK(farewell(viewer).find("does not stand in the access policy") != std::string::npos);
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(bench.entries().empty());
    CHECK(bench.entries(AccessVerdict::refused).size() == 1);
    CHECK(bench.server.counters().refused == 1);
}

TEST_CASE("attack: another site's device never reaches a viewer, not even its name") {
    ServerBench bench;
    AccessPolicy policy = host_policy(8);
    policy.sites = {{"bridge", {"gate-2"}}, {"tunnel", {"gate-1", "gate-7"}}};
    bench.policy.put(policy);
    bench.server.reload_policy();
    PacketStream collector = bench.collector();
    PacketStream viewer = bench.viewer(look());
    const OpenRequest read = bench.request(bench.device.seal().items[0]);
    CHECK(bench.ask(collector, read).verdict.good());
    CHECK(sees_nothing(viewer));
    // What cannot be believed has no text; it stays at its site as well.
    CHECK_FALSE(bench.ask(collector, of_device(read, "gate-7")).verdict.good());
    CHECK(sees_nothing(viewer));
    CHECK_FALSE(bench.ask(collector, of_device(read, "gate-2")).verdict.good());
    CHECK(must(parse_view(must(viewer.receive(milliseconds(0))))).device == "gate-2");
    PacketStream late = bench.viewer(look(10));
    CHECK(must(parse_view(must(late.receive(milliseconds(0))))).device == "gate-2");
    CHECK(sees_nothing(late));
    CHECK(bench.entries().empty());  // no read was shown
}

TEST_CASE("the newest views to begin with are the newest of the viewer's own sites") {
    ServerBench bench;
    PacketStream collector = bench.collector();
    OpenRequest own = bench.request(bench.device.seal().items[0]);
    CHECK(bench.ask(collector, own).verdict.good());
    for (Seq seq = 50; seq < 53; ++seq) {
        OpenRequest foreign = of_device(own, "gate-7");
        foreign.seq = seq;
        CHECK_FALSE(bench.ask(collector, foreign).verdict.good());
    }
    PacketStream viewer = bench.viewer(look(1));
    CHECK(next_seq(viewer) == own.seq);
    CHECK(sees_nothing(viewer));
}

TEST_CASE("the entry of a read that is shown names the role, and the policy's entry came before it") {
    ServerBench bench;
    PacketStream collector = bench.collector();
    PacketStream viewer = bench.viewer(look());
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(next_seq(viewer) > 0);
    const std::vector<Access> entries = all_entries(bench.audit_path);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].what == adopts_policy);
    CHECK(entries[1].what == "view");
    CHECK(entries[1].role == "operator");
}

TEST_CASE(
    "attack: rights taken away while he watches: he is let go and told, the log says so, verdicts go on") {
    ServerBench bench;
    PacketStream collector = bench.collector();
    PacketStream viewer = bench.viewer(look());
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(next_seq(viewer) > 0);
    bench.policy.put(without_us(8));
    bench.server.reload_policy();
    // In the very turn in which the next read comes.
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(farewell(viewer).find("does not stand in the access policy") != std::string::npos);
    CHECK(bench.server.viewers() == 0);
    CHECK(bench.entries().size() == 1);
    CHECK(bench.entries(AccessVerdict::refused).size() == 1);
    PacketStream again = bench.viewer(look(10));
    CHECK(farewell(again).find("does not stand in the access policy") != std::string::npos);
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
}

TEST_CASE("a viewer whose rights end is told though nothing else happens") {
    ServerBench bench;
    PacketStream viewer = bench.viewer(look());
    bench.clock.advance(91 * day);
    bench.turn();
    CHECK(farewell(viewer).find("the access policy ended with") != std::string::npos);
}

TEST_CASE("attack: the policy expires: what waits is not shown, nor what comes, to anybody, verdicts go on") {
    ServerBench bench;
    PacketStream collector = bench.collector();
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    bench.clock.advance(91 * day);
    PacketStream viewer = bench.viewer(look(10));
    CHECK(farewell(viewer).find("the access policy ended with") != std::string::npos);
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(bench.entries().empty());
    CHECK(bench.server.counters().shown == 0);
}

TEST_CASE(
    "a policy that is refused changes nothing for those who watch, a good one that keeps rights neither") {
    ServerBench bench;
    PacketStream collector = bench.collector();
    PacketStream viewer = bench.viewer(look());
    bench.policy.put_bytes(to_bytes("nonsense"));
    bench.server.reload_policy();
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(next_seq(viewer) > 0);
    bench.policy.put(host_policy(8));
    bench.server.reload_policy();
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(next_seq(viewer) > 0);
    CHECK(bench.server.viewers() == 1);
}

TEST_CASE("a reason that is longer than a refusal may be is cut, and still told") {
    const auto reason = parse_refusal(refusal_packet(std::string(2 * max_refusal_bytes, 'x')));
    REQUIRE(reason);
    CHECK(reason->size() == max_refusal_bytes);
}
