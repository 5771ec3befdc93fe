// A gateway asks in people's names, over the opener's socket: whom it may speak for, and what the audit log
// says.
#include "collector/link/status_exchange.hpp"
#include "unit/search/crossing_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// This test's own account is a gateway; alice sees the bridge, bob the tunnel.
AccessPolicy policy_with_gateway(std::uint64_t version = 8) {
    AccessPolicy policy = sample_policy(now);
    policy.version = version;
    policy.gateways = {user_name(::geteuid())};
    return policy;
}

class GatewayBench : public CrossingBench {
  public:
    explicit GatewayBench(const LookLimits& limits = {}) : CrossingBench(limits) {
        judge(device.seal().items[0]);
        use(policy_with_gateway());
    }
    void use(const AccessPolicy& next) {
        policy.put(next);
        server.reload_policy();
    }
};

SearchRequest search_of(const std::string& person) {
    SearchRequest request = search_for("AB12CDE");
    request.on_behalf = person;
    return request;
}

}  // namespace

TEST_CASE("a gateway asks in an operator's name: his sites count, and the entries name both") {
    GatewayBench bench;
    CHECK(bench.search(search_of("alice")).found.size() == 1);
    const std::vector<Access> entries = bench.entries();
    REQUIRE(entries.size() == 2);
    for (const Access& entry : entries) {
        CHECK(entry.who == "alice");
        CHECK(entry.via == user_name(::geteuid()));
        CHECK(entry.uid == ::geteuid());
        CHECK(entry.role == "operator");
        CHECK(entry.case_number == "2026-117");
    }
    SearchRequest of_bob = search_of("bob");
    of_bob.purpose = "hit-and-run";
    CHECK(bench.search(of_bob).found.empty());  // gate-1 is not of his sites
    CHECK(bench.entries().back().who == "bob");
}

TEST_CASE("crossings are asked in a person's name as searches are") {
    GatewayBench bench;
    bench.morning();
    CrossingRequest request = crossings_at_the_gate();
    request.on_behalf = "alice";
    CHECK(bench.cross(request).crossings.size() == 2);
    CHECK(bench.entries().back().what == "crossings");
    CHECK(bench.entries().back().who == "alice");
    CHECK(bench.entries().back().via == user_name(::geteuid()));
}

TEST_CASE("attack: a gateway gets for a person no more than he may, and each refusal names both") {
    GatewayBench bench;
    AccessPolicy policy = policy_with_gateway(9);
    policy.people[1].until = today - std::chrono::days(1);  // bob
    bench.use(policy);
    struct Row {
        const char* person;
        const char* purpose;
        const char* told;
    };
    const Row rows[] = {{"carol", "hit-and-run", "is an auditor and sees no plate"},
                        {"dora", "hit-and-run", "is an administrator and sees no plate"},
                        {"bob", "hit-and-run", "the rights of 'bob' ended with"},
                        {"alice", "curiosity", "is no purpose of the access policy"},
                        {"alice", "", "without a purpose and a case number"},
                        {"mallory", "hit-and-run", "'mallory' does not stand in the access policy"},
                        {"Alice", "hit-and-run", "'Alice' does not stand in the access policy"},
                        {"a\"b\n", "hit-and-run", "'a_b_' does not stand in the access policy"}};
    for (const Row& row : rows) {
        SearchRequest request = search_of(row.person);
        request.purpose = row.purpose;
        CHECK_MESSAGE(has(bench.refusal(request), row.told), row.told);
    }
    bench.clock.advance(refusal_spacing);
    bench.turn();
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    std::uint64_t count = 0;
    for (const Access& one : refused) {
        CHECK(one.via == user_name(::geteuid()));
        CHECK(one.who != user_name(::geteuid()));
        count += one.count;
    }
    CHECK(count == std::size(rows));
    CHECK(bench.entries().empty());
}

TEST_CASE("attack: who is no gateway asks in another's name") {
    SearchBench bench;  // here this test's account is an operator
    CHECK(has(bench.refusal(search_of("alice")), "is no gateway of the access policy"));
    CHECK(has(bench.refusal(search_of(user_name(::geteuid()))), "is no gateway"));
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE_FALSE(refused.empty());
    CHECK(refused[0].who == user_name(::geteuid()));
    CHECK(refused[0].via.empty());
    CHECK(bench.entries().empty());
    CHECK(bench.search(search_for("AB12CDE")).found.empty());  // in his own name he may
}

TEST_CASE("attack: a gateway sees nothing in its own name, neither by a search nor as a viewer") {
    GatewayBench bench;
    CHECK(has(bench.refusal(search_for("AB12CDE")), "is a gateway of the access policy and sees nothing"));
    PacketStream viewer = bench.viewer(look());
    const auto reason = parse_refusal(must(viewer.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(has(*reason, "sees nothing in its own name"));
    bench.clock.advance(refusal_spacing);
    bench.turn();
    std::uint64_t count = 0;
    for (const Access& one : bench.entries(AccessVerdict::refused))
        count += one.count;
    CHECK(count == 2);
    CHECK(bench.entries().empty());
}

TEST_CASE("a person's limit is his own, whoever else the gateway asks for") {
    LookLimits limits;
    limits.searches.an_hour = 2;
    GatewayBench bench(limits);
    SearchRequest of_bob = search_of("bob");
    of_bob.purpose = "hit-and-run";
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(bench.search(search_of("alice")));
        static_cast<void>(bench.search(of_bob));
    }
    CHECK(has(bench.refusal(search_of("alice")), "an alarm was raised"));
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE_FALSE(refused.empty());
    CHECK(refused[0].what == raises_alarm);
    CHECK(refused[0].who == "alice");
    CHECK(refused[0].via == user_name(::geteuid()));
    CHECK(has(bench.refusal(of_bob), "an alarm was raised"));
    CHECK(bench.server.counters().alarms == 2);  // one of each: hers does not hide his
}

TEST_CASE("names that a gateway makes up do not fill the log: one entry a second, with their count") {
    GatewayBench bench;
    for (int i = 0; i < 50; ++i)
        CHECK(has(bench.refusal(search_of(fmt::format("nobody-{}", i))), "does not stand in"));
    CHECK(bench.entries(AccessVerdict::refused).size() == 1);
    CHECK(has(bench.refusal(search_of("carol")), "is an auditor"));  // a person's refusal is not among theirs
    CHECK(bench.entries(AccessVerdict::refused).back().who == "carol");
    bench.clock.advance(refusal_spacing);
    bench.turn();
    CHECK(bench.entries(AccessVerdict::refused).back().count == 49);
}

TEST_CASE("a gateway is told counts, and nobody else is") {
    GatewayBench bench;
    static_cast<void>(bench.search(search_of("alice")));
    const OpenerStatus status = must(parse_opener_status(bench.exchange(status_request())));
    CHECK(status.opened == 1);
    CHECK(status.good == 1);
    CHECK(status.searches == 1);
    CHECK(status.shown == 1);
    CHECK(status.indexed == 1);
    CHECK(status.viewers == 1);  // who asks
    CHECK(status.policy_version == 8);
    CHECK(status.policy_ends == end_of(sample_policy(now).until));
    SearchBench other;
    const auto reason = parse_refusal(other.exchange(status_request()));
    REQUIRE(reason);
    CHECK(has(*reason, "to a gateway of the access policy alone"));
}

TEST_CASE("counts in any other form are none, nor is a question for them") {
    OpenerStatus status;
    status.good = 7;
    status.policy_ends = now;
    const Packet good = to_packet(status);
    CHECK(must(parse_opener_status(good)) == status);
    CHECK_FALSE(is_status_request(good));
    CHECK(is_status_request(status_request()));
    CHECK(check_status_request(status_request()));
    const auto with = [](std::string text, std::string_view from, std::string_view to) {
        REQUIRE(text.find(from) != std::string::npos);
        return Packet{text.replace(text.find(from), from.size(), to), {}};
    };
    CHECK_FALSE(parse_opener_status(with(good.header, "\"good\":7", "\"good\":-7")));
    CHECK_FALSE(parse_opener_status(with(good.header, "\"v\":1", "\"v\":2")));
    CHECK_FALSE(parse_opener_status(with(good.header, "\"good\"", "\"plate\"")));
    CHECK_FALSE(parse_opener_status(Packet{"[]", {}}));
    CHECK_FALSE(check_status_request(with(status_request().header, "{", "{\"more\":1,")));
    CHECK_FALSE(check_status_request(Packet{status_request().header, Bytes(1)}));
}
