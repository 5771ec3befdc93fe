// Gaps: what their device declares, before and after, in whole and in part, and what it cannot declare.
#include <doctest/doctest.h>

#include <algorithm>

#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool told(CollectorBench& bench, std::string_view part) {
    return std::ranges::any_of(bench.incidents(), [part](const IncidentRow& row) {
        return row.what.find(part) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("a tombstone over what has come takes nothing away, and is told when its link is not ours") {
    CollectorBench bench;
    TestDevice device(bench.road);
    for (int i = 0; i < 2; ++i)
        bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    CHECK(bench.deliver(device.message(device.tombstone(1, 2))).reception == Reception::stored);
    CHECK_FALSE(told(bench, "link is not ours"));
    Tombstone other = device.tombstone(4, 5);
    other.link = device.links[1];
    CHECK(bench.deliver(device.message(other)).reception == Reception::stored);
    CHECK(told(bench, "tombstone's link is not ours"));
    CHECK(bench.deliver(device.message(other)).reception == Reception::duplicate);
    CHECK(bench.chain(device).upto == 6);
    CHECK(bench.chain(device).upto_link == device.head.link);
    for (Seq seq = 1; seq <= 6; ++seq)
        CHECK(bench.verdict(device, seq)->good());
}

TEST_CASE("a gap closes in parts: some come late, some are declared, what is left stays open") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto first = device.messages(device.seal());
    std::vector<BrokerMessage> missing;
    for (int i = 0; i < 3; ++i)
        for (const BrokerMessage& message : device.messages(device.seal()))
            missing.push_back(message);  // 4 to 12
    bench.deliver(first);
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(device).upto == 3);
    REQUIRE(bench.gaps(device, true).size() == 1);
    CHECK(bench.verify().find("missing: gate-1") != std::string::npos);
    bench.deliver({missing[3], missing[4], missing[5]});      // 7, 8, 9 come late
    bench.deliver(device.message(device.tombstone(11, 12)));  // declared
    const auto open = bench.gaps(device, true);
    REQUIRE(open.size() == 2);
    CHECK(open[0].first == 4);
    CHECK(open[0].last == 6);
    CHECK(open[1].first == 10);
    CHECK(open[1].last == 10);
    CHECK(bench.verify().find("shed: gate-1") != std::string::npos);
    bench.deliver(missing[6]);
    bench.deliver(device.message(device.tombstone(4, 6)));
    bench.judge_all();
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.chain(device).upto == 13);
    CHECK(bench.chain(device).upto_link == device.head.link);
    CHECK(bench.receipt()->link == device.head.link);
}

TEST_CASE("a far seq that somebody invents is a gap only until his blob has its verdict") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.deliver(with_property(junk_like(bench.road, genuine[0]), "seq", "1000"));
    REQUIRE(bench.gaps(device, true).size() == 1);
    CHECK(bench.gaps(device, true)[0].last == 999);
    CHECK(bench.verify().find("late: gate-1") != std::string::npos);
    bench.judge_all();
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.chain(device).last == 3);
}

TEST_CASE("a signed link that is not ours behind a span that was declared is mended over the span") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto shed = device.messages(device.seal());
    const auto genuine = device.messages(device.seal());
    bench.deliver(device.message(device.tombstone(1, 3)));
    bench.deliver(junk_like(bench.road, genuine[1]));
    bench.deliver(genuine);
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(device).mismatch == 0);
    CHECK(bench.chain(device).confirmed == 6);
    CHECK(bench.chain(device).upto_link == device.head.link);
}

TEST_CASE("a device that has no place for another chain gets none for its statements either") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto item = device.messages(device.seal())[0];
    for (int chain = 0; chain < 16; ++chain)
        bench.deliver(with_property(item, "chain", fmt::format("00000000000000{:02x}", chain)));
    CHECK(bench.deliver(item).reception == Reception::refused);
    CHECK(bench.deliver(device.message(device.checkpoint())).reception == Reception::refused);
    CHECK(told(bench, "too many chains that their device has not confirmed"));
}
