// Questions about crossings, over the opener's socket: what is told, to whom, and what the audit log says.
#include "collector/opener/crossing_desk.hpp"

#include <sqlite3.h>

#include "database/database.hpp"
#include "support/fault_vfs.hpp"
#include "unit/search/crossing_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("crossings of a morning come with places, instants and dwell, the unmatched with their reasons") {
    CrossingBench bench;
    bench.morning();
    const CrossingAnswer answer = bench.cross(crossings_at_the_gate());
    REQUIRE(answer.crossings.size() == 2);
    CHECK(answer.crossings[0].entry.device == "gate-1");
    CHECK(answer.crossings[0].entry.lane == "in");
    CHECK(answer.crossings[0].entry.seq == 1);
    CHECK(answer.crossings[0].entry.captured == now);
    CHECK(answer.crossings[0].exit.lane == "out");
    CHECK(answer.crossings[0].exit.seq == 4);
    CHECK(answer.crossings[0].dwell() == std::chrono::minutes(10));
    CHECK(answer.crossings[0].distance == 0);
    CHECK(answer.crossings[1].entry.seq == 2);
    CHECK(answer.crossings[1].exit.seq == 5);
    CHECK(answer.crossings[1].distance == 2);
    const auto told = [](const std::vector<ToldLone>& lone) {
        std::vector<std::pair<Seq, std::string>> all;
        for (const ToldLone& one : lone)
            all.emplace_back(one.passage.seq, one.why);
        return all;
    };
    using Lone = std::vector<std::pair<Seq, std::string>>;
    CHECK(told(answer.entries) == Lone{{3, "unread"}, {6, "ambiguous"}, {7, "ambiguous"}, {10, "edge"}});
    CHECK(told(answer.exits) == Lone{{8, "ambiguous"}, {9, "alone"}});
    CHECK(answer.counts == CrossingCounts{2, 4, 2, 10, 0, 0});
    CHECK(answer.median == std::chrono::minutes(10));
    CHECK(answer.centile_90 == std::chrono::minutes(14));
    CHECK(answer.holes.empty());
    CHECK(bench.server.counters().searches == 1);
    CHECK(bench.server.counters().shown == 0);
    CHECK(bench.server.viewers() == 0);
}

TEST_CASE("attack: no plate, nor a part of one, leaves the opener with crossings") {
    CrossingBench bench;
    bench.morning();
    const Packet packet = bench.exchange(to_packet(crossings_at_the_gate()));
    const std::string all = packet.header + std::string(as_text(packet.blob));
    for (const char* text : {"AB12", "XY99", "GH34", "ZZ11", "LA77"})
        CHECK_FALSE(has(all, text));
}

TEST_CASE("one camera sees both ways: directions tell entry from exit") {
    CrossingBench bench;
    bench.morning();
    CrossingRequest request = crossings_at_the_gate();
    request.question.entry = {{{"gate-1", ""}}, Direction::approaching};
    request.question.exit = {{{"gate-1", ""}}, Direction::receding};
    CHECK(bench.cross(request).counts == CrossingCounts{2, 4, 2, 10, 0, 0});
}

TEST_CASE(
    "an entry stands before crossings are told: who, why, how many are opened, and the question, sealed") {
    CrossingBench bench;
    bench.morning();
    static_cast<void>(bench.cross(crossings_at_the_gate()));
    const std::vector<Access> entries = bench.entries();
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].what == "crossings");
    CHECK(entries[0].count == 10);
    CHECK(entries[0].uid == ::geteuid());
    CHECK(entries[0].purpose == "stolen-vehicle");
    CHECK(entries[0].case_number == "2026-117");
    CHECK(entries[0].opens());
    const std::string asked = bench.asked(1);
    CHECK(asked.starts_with(
        R"({"entry":{"places":["gate-1/in"]},"exit":{"places":["gate-1/out"]},"from":"2026-11-23T07:00:00)"));
    CHECK(asked.size() == asked_crossings_bytes);
}

TEST_CASE("whichever write of the audit log fails, crossings come only with their entry") {
    for (std::uint64_t call = 1;; ++call) {
        CAPTURE(call);
        REQUIRE(call < 100);
        FaultVfs disk;
        CrossingBench bench;
        bench.morning();
        disk.fail({FaultVfs::Call::write, SQLITE_FULL, call});
        const Packet packet = bench.exchange(to_packet(crossings_at_the_gate()));
        const bool answered = !parse_refusal(packet);
        CHECK(answered == !disk.struck());
        disk.mend();
        CHECK(bench.entries().size() == (answered ? 1 : 0));
        if (answered) break;
        CHECK(has(*parse_refusal(packet), "the opener's log says why"));
    }
}

TEST_CASE("attack: crossings without purpose or case, for a purpose or of a site that is not his") {
    CrossingBench bench;
    bench.morning();
    CrossingRequest request = crossings_at_the_gate();
    request.case_number = "";
    CHECK(has(bench.no_crossings(request), "without a purpose and a case number"));
    request = crossings_at_the_gate();
    request.purpose = "curiosity";
    CHECK(has(bench.no_crossings(request), "no purpose of the access policy"));
    AccessPolicy policy = host_policy(8);
    policy.sites = {{"bridge", {"gate-2"}}, {"tunnel", {"gate-1", "gate-7"}}};
    bench.policy.put(policy);
    bench.server.reload_policy();
    const std::string there = bench.no_crossings(crossings_at_the_gate());
    request = crossings_at_the_gate();
    request.question.entry.places = {{"gate-9", ""}};
    request.question.exit.places = {{"gate-2", ""}};
    CHECK(has(there, "'gate-1' is no device of your sites"));
    CHECK(has(bench.no_crossings(request), "'gate-9' is no device of your sites"));
    // One of his, one of another's: nothing of either.
    request.question.entry.places = {{"gate-1", ""}};
    CHECK(has(bench.no_crossings(request), "'gate-1' is no device of your sites"));
    policy = host_policy(9);
    remove_person(policy, ::geteuid());
    bench.policy.put(policy);
    bench.server.reload_policy();
    CHECK(has(bench.no_crossings(crossings_at_the_gate()), "does not stand in"));
    CHECK(bench.entries().empty());
    CHECK(bench.server.counters().searches == 0);
    bench.server.finish();
    std::uint64_t count = 0;
    for (const Access& entry : bench.entries(AccessVerdict::refused)) {
        CHECK(entry.what == "crossings");
        count += entry.count;
    }
    CHECK(count == 6);
}

TEST_CASE(
    "a question about crossings counts as a search of its person, and beyond what is usual opens nothing") {
    LookLimits limits;
    limits.searches = {2, 100};
    CrossingBench bench(limits);
    bench.morning();
    static_cast<void>(bench.search(search_for("AB12CDE")));
    static_cast<void>(bench.cross(crossings_at_the_gate()));
    const std::size_t before = bench.entries().size();
    CHECK(has(bench.no_crossings(crossings_at_the_gate()), "2 searches within an hour"));
    CHECK(bench.entries().size() == before);
    CHECK(bench.server.counters().alarms == 1);
}

TEST_CASE("crossings that would open too much are refused with the bound, and the log says who tried") {
    CrossingBench bench;
    for (std::int64_t i = 0; i <= static_cast<std::int64_t>(max_candidates); ++i)
        bench.pass(i % 2 == 0 ? "in" : "out", i / 10, fmt::format("AB{}", i / 2));
    bench.enter_all();
    CHECK(has(bench.no_crossings(crossings_at_the_gate()), std::to_string(max_candidates)));
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].what == "crossings");
    CHECK(bench.asked(1).starts_with(R"({"entry")"));
    // Within a narrower window the earliest are told, and how many there are.
    CrossingRequest narrow = crossings_at_the_gate();
    narrow.question.to = now + std::chrono::seconds(100);
    const CrossingAnswer answer = bench.cross(narrow);
    CHECK(answer.crossings.size() == max_told_crossings);
    CHECK(answer.crossings[0].entry.seq == 1);
    CHECK(answer.counts.matched == 500);
}

TEST_CASE("what the index may lack, and what somebody changed in it, is told with crossings") {
    CrossingBench bench;
    bench.pass("in", 0, "AB12CDE");
    bench.enter_all();
    must_do(must(Database::open({.path = bench.index_path})).execute("UPDATE passage SET seq = 77"));
    CHECK(bench.cross(crossings_at_the_gate()).counts.damaged == 1);
    CrossingBench fresh;
    CHECK(fresh.cross(crossings_at_the_gate()).holes == std::vector<ToldHole>{{UtcTime(), now}});
}

TEST_CASE("bad questions about crossings are refused in words by the opener, and open nothing") {
    CrossingBench bench;
    bench.morning();
    CrossingRequest request = crossings_at_the_gate();
    request.question.exit = request.question.entry;
    CHECK(has(bench.no_crossings(request), "at once"));
    request = crossings_at_the_gate();
    request.question.entry.places[0].device = "gate-1' OR '1'='1";
    CHECK(has(bench.no_crossings(request), "entry"));
    request = crossings_at_the_gate();
    request.question.to = request.question.from;
    CHECK(has(bench.no_crossings(request), "before"));
    CHECK(bench.entries().empty());
    CHECK(bench.cross(crossings_at_the_gate()).crossings.size() == 2);
}

TEST_CASE("after its epoch's key is gone no crossing is told") {
    CrossingBench bench;
    bench.morning();
    bench.server.replace_keys(bench.road.opener_with({bench.road.evidence}));
    CHECK(bench.cross(crossings_at_the_gate()).counts == CrossingCounts{});
}

TEST_CASE("an opener without an index says so to who asks about crossings") {
    ServerBench bench;
    PacketStream stream = bench.connect(bench.views_path);
    must_do(stream.send(to_packet(crossings_at_the_gate()), patience));
    bench.turn();
    const auto reason = parse_refusal(must(stream.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(has(*reason, "[search]"));
}
