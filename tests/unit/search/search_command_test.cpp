// `portcullis search` as a person runs it, against an opener that turns in another thread.
#include "apps/portcullis/search_command.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "apps/portcullis/time_option.hpp"
#include "support/command_run.hpp"
#include "unit/search/search_desk_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

Outcome search(SearchBench& bench, std::vector<std::string> more) {
    more.insert(more.end(),
                {"--socket", bench.views_path.string(), "--purpose", "stolen-vehicle", "--case", "2026-117"});
    std::jthread crank([&bench](const std::stop_token& stop) {
        while (!stop.stop_requested())
            must_do(bench.server.step(milliseconds(5)));
    });
    return run_command(&add_search_command, "search", more);
}

bool says(const Outcome& outcome, const std::string& text) {
    return outcome.out.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("search shows when, where and which, and tells what may be missing") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    const Outcome found = search(bench, {"--plate", "ab12cde"});
    INFO(found.out);
    CHECK(found.code == 0);
    for (const char* word : {"2026-11-23T08:00:00Z", "gate-1/lane-1", "AB12CDE",
                             "what was judged before 2026-11-23T08:00:00Z may be missing"})
        CHECK(says(found, word));
    CHECK(says(found, to_string(bench.device.head.chain) + " 1\n"));
    const Outcome none = search(bench, {"--plate", "ZZ1"});
    CHECK(none.code == 0);
    CHECK_FALSE(says(none, "AB12CDE"));
    CHECK(says(search(bench, {"--like", "A8-I2 CDE"}), "AB12CDE"));
    CHECK(says(search(bench, {"--plate", "A*", "--device", "gate-*", "--lane", "lane-1"}), "AB12CDE"));
    CHECK_FALSE(says(search(bench, {"--device", "south-1"}), "AB12CDE"));
    CHECK_FALSE(says(search(bench, {"--to", "2026-11-23T08:00"}), "AB12CDE"));
    CHECK(says(search(bench, {"--from", "2026-11-23T08:00:00Z", "--to", "2026-11-24"}), "AB12CDE"));
}

TEST_CASE("search --json is one object") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    must_do(must(PlateIndex::attach(bench.index_path)).close_holes(now));
    const Outcome found = search(bench, {"--plate", "AB12CDE", "--json"});
    const auto json = nlohmann::json::parse(found.out);
    CHECK(json["answer"]["matched"] == 1);
    CHECK(json["found"].at(0)["text"] == "AB12CDE");
    CHECK(json["found"].at(0)["seq"] == 1);
    CHECK(json["found"].at(0)["time"] == "2026-11-23T08:00:00.000000Z");
}

TEST_CASE("of openers that share a store each is asked, and a read that both have is shown once") {
    SearchBench first;
    SearchBench second;
    first.judge(first.device.seal().items[0]);
    second.judge(second.device.seal().items[0]);  // the same place
    second.judge(second.device.seal().items[0]);
    const auto count = [](const Outcome& outcome, const std::string& word) {
        std::size_t times = 0;
        for (std::size_t at = outcome.out.find(word); at != std::string::npos;
             at = outcome.out.find(word, at + 1))
            ++times;
        return times;
    };
    CHECK(count(search(first, {"--plate", "AB12CDE", "--socket", first.views_path.string()}), "AB12CDE") ==
          1);
    std::jthread crank([&second](const std::stop_token& stop) {
        while (!stop.stop_requested())
            must_do(second.server.step(milliseconds(5)));
    });
    const Outcome both = search(first, {"--plate", "AB12CDE", "--socket", second.views_path.string()});
    CHECK(count(both, "AB12CDE") == 2);
    CHECK(both.code == 0);
    const Outcome lines =
        search(first, {"--plate", "AB12CDE", "--json", "--socket", second.views_path.string()});
    CHECK(count(lines, "\"answer\"") == 2);
    const Outcome half = search(first, {"--plate", "AB12CDE", "--socket", "/nowhere/view.sock"});
    CHECK(half.code == 1);
    CHECK(count(half, "AB12CDE") == 0);
}

TEST_CASE("what is wrong with a search is told before the opener is asked") {
    SearchBench bench;
    for (const std::vector<std::string>& bad :
         std::vector<std::vector<std::string>>{{"--plate", std::string(1000, 'A')},
                                               {"--plate", "A", "--like", "B"},
                                               {"--from", "yesterday"},
                                               {"--from", "2026-11-25", "--to", "2026-11-24"},
                                               {"--device", "NORTH"},
                                               {"--direction", "up"}}) {
        const Outcome refused = search(bench, bad);
        INFO(refused.out);
        CHECK(refused.code == 2);
    }
    CHECK(run_command(&add_search_command, "search", {"--plate", "A"}).code == 2);  // no purpose, no case
    CHECK(bench.entries().empty());
    const Outcome nobody = run_command(&add_search_command, "search",
                                       {"--purpose", "a", "--case", "b", "--socket", "/no/such.sock"});
    CHECK(nobody.code == 1);
    CHECK(says(nobody, "start portcullis-opener"));
}

TEST_CASE("a point in time as people write it") {
    const auto at = [](std::string_view text) { return must(time_from_option("--from", text, now)); };
    const UtcTime day{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25)};
    CHECK(at("2026-11-25") == day);
    CHECK(at("2026-11-25T08:15") == day + std::chrono::minutes(8 * 60 + 15));
    CHECK(at("2026-11-25T08:15:30Z") == day + std::chrono::seconds((8 * 60 + 15) * 60 + 30));
    CHECK(at("12h") == now - std::chrono::hours(12));
    CHECK(at("7d") == now - std::chrono::days(7));
    for (const char* bad :
         {"", "h", "d", "-1h", "7", "7w", "9999999d", "2026-13-01", "2026-11-25T", "2026-11-25T24:00",
          "2026-11-25T08:60", "2026-11-25 08:15", "2026-11-25T08:15:60", "2026-11-25T08:15:3"}) {
        CAPTURE(bad);
        const auto refused = time_from_option("--from", bad, now);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == ErrorCode::configuration);
        CHECK(refused.error().message().find("as 2026-11-25T08:15") != std::string::npos);
    }
}
