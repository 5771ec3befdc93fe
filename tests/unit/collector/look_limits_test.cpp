// How much one person, and everybody of one site, is shown: more is refused before it is opened, and an
// alarm.
#include <doctest/doctest.h>

#include "unit/collector/server_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// What the log of a host says, and a desk that counts from it.
struct LimitBench {
    PolicyFile policy;
    FakeClock clock{now};
    std::filesystem::path log = policy.path.parent_path() / "audit.db";
    LookLimits limits;
    std::optional<AccessDesk> desk;

    explicit LimitBench(const LookLimits& given) : limits(given) { restart(); }
    [[nodiscard]] static std::vector<Access> looks(uid_t uid, std::size_t count, const std::string& device) {
        Access look;
        look.who = user_name(uid);
        look.uid = uid;
        look.role = "operator";
        look.purpose = "hit-and-run";
        look.case_number = "2026-117";
        look.what = views_read;
        look.device = device;
        look.seq = 1;
        return std::vector<Access>(count, look);
    }
    /// As the opener shows them: asked for, entered.
    Result<void> show(uid_t uid, std::size_t count, const std::string& device = "gate-1") {
        const std::vector<Access> wanted = looks(uid, count, device);
        TRY(desk->allow(wanted));
        return desk->enter(wanted);
    }
    void restart() { desk.emplace(policy.desk_on(log, clock, limits)); }
    [[nodiscard]] std::vector<Access> entries(std::string_view what) const {
        std::vector<Access> all = all_entries(log);
        std::erase_if(all, [&](const Access& one) { return one.what != what; });
        return all;
    }
};

LookLimits looks_of_one(std::uint64_t an_hour, std::uint64_t a_day) {
    LookLimits limits;
    limits.looks = {an_hour, a_day};
    return limits;
}

bool refused(const Result<void>& result, std::string_view part) {
    REQUIRE_FALSE(result);
    INFO(result.error().message());
    CHECK(result.error().code() == ErrorCode::refused);
    return result.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "one person's looks: the last that is usual is shown, the next is refused, and an alarm stands there") {
    LimitBench bench(looks_of_one(10, 15));
    CHECK(bench.show(::geteuid(), 9));
    CHECK(refused(bench.show(::geteuid(), 2), "9 looks at reads within an hour and would have 2 more"));
    CHECK(bench.show(::geteuid(), 1));
    CHECK(bench.show(tunnel_operator, 10, "gate-7"));  // another person's are his own
    REQUIRE(bench.entries(raises_alarm).size() == 1);
    const Access alarm = bench.entries(raises_alarm)[0];
    CHECK(alarm.who == user_name(::geteuid()));
    CHECK(alarm.verdict == AccessVerdict::refused);
    CHECK(alarm.device.empty());
    // An hour later some more, up to the day's.
    bench.clock.advance(hours(1) + minutes(1));
    CHECK(bench.show(::geteuid(), 5));
    CHECK(refused(bench.show(::geteuid(), 1), "15 looks at reads within a day"));
    bench.clock.advance(hours(24));
    CHECK(bench.show(::geteuid(), 10));
    CHECK(bench.entries(raises_alarm).size() == 2);
    CHECK(bench.desk->alarms() == 2);
}

TEST_CASE("a restart does not forget how much was shown, nor does a clock that is set back") {
    LimitBench bench(looks_of_one(10, 100));
    CHECK(bench.show(::geteuid(), 10));
    bench.restart();
    CHECK(refused(bench.show(::geteuid(), 1), "within an hour"));
    bench.clock.step_utc(-hours(5));
    CHECK(refused(bench.show(::geteuid(), 1), "within an hour"));
    bench.restart();
    CHECK(refused(bench.show(::geteuid(), 1), "within an hour"));
    bench.clock.step_utc(hours(6) + minutes(1));
    CHECK(bench.show(::geteuid(), 1));
}

TEST_CASE("one site's looks: of all who look together, and of no other site") {
    LookLimits limits;
    limits.site_looks = {10, 12};
    LimitBench bench(limits);
    CHECK(bench.show(::geteuid(), 6, "gate-1"));
    CHECK(bench.show(tunnel_operator, 4, "gate-2"));  // the same bridge
    CHECK(refused(bench.show(::geteuid(), 1, "gate-2"),
                  "10 reads of the site 'bridge' were shown within an hour"));
    CHECK(bench.show(::geteuid(), 10, "gate-7"));
    bench.clock.advance(hours(2));
    CHECK(refused(bench.show(::geteuid(), 3, "gate-1"), "within a day"));
    CHECK(bench.show(::geteuid(), 2, "gate-1"));
}

TEST_CASE("what is granted in the same turn to others counts before it is entered") {
    LimitBench bench(looks_of_one(10, 100));
    const auto first = LimitBench::looks(::geteuid(), 8, "gate-1");
    const auto second = LimitBench::looks(::geteuid(), 3, "gate-1");
    CHECK(bench.desk->allow(first));
    CHECK(refused(bench.desk->allow(second, first), "8 looks"));
    CHECK(bench.desk->allow(second));
    CHECK(bench.desk->allow(second, LimitBench::looks(tunnel_operator, 8, "gate-1")));
}

TEST_CASE("what another process entered counts: the log is asked, not a memory") {
    LimitBench bench(looks_of_one(10, 100));
    {
        AuditLog other = must(AuditLog::attach(bench.log));
        REQUIRE(other.append(LimitBench::looks(::geteuid(), 10, "gate-1"), now));
    }
    CHECK(refused(bench.show(::geteuid(), 1), "within an hour"));
}

TEST_CASE("who goes on asking fills no log: an alarm a minute, refusals with their count") {
    LimitBench bench(looks_of_one(1, 1));
    for (int i = 0; i < 500; ++i)
        CHECK_FALSE(bench.show(::geteuid(), 2));
    bench.desk->settle(std::chrono::seconds(0));
    CHECK(bench.entries(raises_alarm).size() == 1);
    CHECK(bench.entries(views_read).size() == 2);
    bench.clock.advance(minutes(1));
    CHECK_FALSE(bench.show(::geteuid(), 2));
    CHECK(bench.entries(raises_alarm).size() == 2);
}

TEST_CASE("a viewer is shown what is usual, then told why there is no more, and let go") {
    ServerBench bench(::geteuid(), 10, false, looks_of_one(2, 100));
    PacketStream collector = bench.collector();
    PacketStream viewer = bench.viewer(look());
    for (int i = 0; i < 3; ++i)
        CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    for (int i = 0; i < 2; ++i)
        CHECK(parse_view(must(viewer.receive(milliseconds(0)))));
    const auto reason = parse_refusal(must(viewer.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(reason->find("at most 2 are usual; an alarm was raised") != std::string::npos);
    CHECK(viewer.receive(milliseconds(0)).error().code() == ErrorCode::closed);
    CHECK(bench.entries().size() == 2);
    CHECK(bench.server.counters().shown == 2);
    CHECK(bench.server.counters().alarms == 1);
    // Who comes back at once is told the same, and shown nothing of what is kept.
    PacketStream again = bench.viewer(look(10));
    CHECK(parse_refusal(must(again.receive(milliseconds(0)))));
    CHECK(bench.server.counters().shown == 2);
}
