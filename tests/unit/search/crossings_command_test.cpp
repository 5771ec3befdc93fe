// `portcullis crossings` as a person runs it, against an opener that turns in another thread.
#include "apps/portcullis/crossings_command.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "support/command_run.hpp"
#include "unit/search/crossing_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

Outcome crossings(CrossingBench& bench, std::vector<std::string> more) {
    more.insert(more.end(),
                {"--socket", bench.views_path.string(), "--purpose", "stolen-vehicle", "--case", "2026-117"});
    std::jthread crank([&bench](const std::stop_token& stop) {
        while (!stop.stop_requested())
            must_do(bench.server.step(milliseconds(5)));
    });
    return run_command(&add_crossings_command, "crossings", more);
}

std::vector<std::string> at_the_gate(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--entry", "gate-1/in", "--exit", "gate-1/out", "--since", "2026-11-23T07:00",
                             "--until", "2026-11-23T09:00", "--longest", "30m"});
    return more;
}

bool says(const Outcome& outcome, const std::string& text) {
    return outcome.out.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("crossings come as a table, with the unmatched and a summary") {
    CrossingBench bench;
    bench.morning();
    const Outcome told = crossings(bench, at_the_gate());
    INFO(told.out);
    CHECK(told.code == 0);
    for (const char* text :
         {"2026-11-23T08:00:00Z  gate-1/in", "2026-11-23T08:10:00Z  gate-1/out", "  0:10:00         0  ",
          "unmatched entry: unread", "unmatched entry: edge", "unmatched exit: ambiguous",
          "unmatched exit: alone",
          "matched 2, unmatched entries 4, unmatched exits 2; dwell: median 0:10:00, 90th centile 0:14:00\n"})
        CHECK(says(told, text));
    CHECK(says(told, "0707070707070707 1, 0707070707070707 4\n"));
    CHECK_FALSE(says(told, "AB12CDE"));
}

TEST_CASE("crossings --json is one object") {
    CrossingBench bench;
    bench.morning();
    const Outcome told = crossings(bench, at_the_gate({"--json"}));
    const auto json = nlohmann::json::parse(told.out);
    CHECK(json["matched"] == 2);
    CHECK(json["unmatched_entries"] == 4);
    CHECK(json["dwell_median_s"] == 600);
    CHECK(json["crossings"].at(1)["distance"] == 2);
    CHECK(json["crossings"].at(1)["dwell_s"] == 840);
    CHECK(json["crossings"].at(1)["exit"]["time"] == "2026-11-23T08:15:00.000000Z");
    CHECK(json["entries"].at(0)["why"] == "unread");
    CHECK(json["exits"].at(1)["seq"] == 9);
    CHECK(json["holes"].empty());
}

TEST_CASE("directions and spans are the command's options, and holes are told") {
    CrossingBench bench;
    bench.pass("in", 0, "AB12CDE");
    bench.pass("out", 600, "AB12CDE");
    bench.enter_all();
    const std::vector<std::string> one_camera = {"--entry", "gate-1",    "--entry-direction", "approaching",
                                                 "--exit",  "gate-1",    "--exit-direction",  "receding",
                                                 "--since", "2026-11-23"};
    CHECK(says(crossings(bench, one_camera), "matched 1,"));
    for (const char* spans : {"--shortest=11m", "--longest=597s"}) {
        std::vector<std::string> asked = one_camera;
        asked.emplace_back(spans);
        CHECK(says(crossings(bench, asked), "matched 0, unmatched entries 1, unmatched exits 1"));
        asked.emplace_back("--clock-slack=1m");
        CHECK(says(crossings(bench, asked), "matched 1,"));
    }
    CrossingBench fresh;
    CHECK(says(crossings(fresh, at_the_gate()), "portcullis crossings: what was judged before"));
}

TEST_CASE("what is wrong with a question about crossings is told before the opener is asked") {
    CrossingBench bench;
    for (const std::vector<std::string>& bad :
         std::vector<std::vector<std::string>>{{"--longest", "1w"},
                                               {"--longest", "m"},
                                               {"--longest", "-5m"},
                                               {"--longest", ""},
                                               {"--longest", "99999999d"},
                                               {"--shortest", "2h"},
                                               {"--clock-slack", "1h"},
                                               {"--entry-direction", "up"},
                                               {"--entry", "GATE"},
                                               {"--exit", "gate-1/in"},
                                               {"--since", "yesterday"}}) {
        CAPTURE(bad[1]);
        std::vector<std::string> asked = {"--entry", "gate-1/in", "--exit", "gate-1/out"};
        asked.insert(asked.end(), bad.begin(), bad.end());
        if (bad[0] != "--since") asked.insert(asked.end(), {"--since", "2026-11-23"});
        if (bad[0] == "--shortest") asked.insert(asked.end(), {"--longest", "1h"});
        CHECK(crossings(bench, asked).code == 2);
    }
    CHECK(crossings(bench, {"--entry", "gate-1", "--since", "7d"}).code == 2);  // no exit
    CHECK(bench.entries().empty());
    AccessPolicy policy = host_policy(8);
    remove_person(policy, ::geteuid());
    bench.policy.put(policy);
    bench.server.reload_policy();
    const Outcome refused = crossings(bench, at_the_gate());
    CHECK(refused.code == 1);
    CHECK(says(refused, "portcullis crossings: "));
    CHECK(says(refused, "does not stand in"));
}
