// What Prometheus reads, and the dashboard that asks for it.
#include "api/metrics.hpp"

#include <fstream>
#include <regex>
#include <set>

#include "api/metrics_text.hpp"
#include "base/file.hpp"
#include "unit/api/api_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path source = PORTCULLIS_SOURCE_DIR;

std::string metrics(ApiBench& bench) {
    OpenerStatus status;
    status.good = 7;
    status.policy_ends = api_now;
    bench.answer = to_packet(status);
    const ApiResponse response = bench.get("/metrics", "carol");
    REQUIRE(response.status == 200);
    return response.body;
}

/// The families, by their TYPE lines.
std::set<std::string> families(const std::string& text) {
    std::set<std::string> names;
    const std::regex type("# TYPE (\\w+) (counter|gauge)");
    for (auto match = std::sregex_iterator(text.begin(), text.end(), type); match != std::sregex_iterator();
         ++match)
        names.insert((*match)[1]);
    return names;
}

bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics are lines of the text format, each sample behind its family's help and type") {
    ApiBench bench;
    const std::string text = metrics(bench);
    std::istringstream lines(text);
    std::string line;
    std::string family;
    const std::regex sample(R"re((\w+)(\{\w+="[^"]*"\})? -?[0-9][0-9.e+]*)re");
    while (std::getline(lines, line)) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            CHECK(line.size() > 8 + family.size());
            continue;
        }
        if (line.starts_with("# TYPE ")) {
            CHECK(
                line.starts_with("# TYPE " + family + (family.ends_with("_total") ? " counter" : " gauge")));
            continue;
        }
        std::smatch match;
        REQUIRE_MESSAGE(std::regex_match(line, match, sample), line);
        CHECK(match[1] == family);
    }
    CHECK(text.ends_with("\n"));
}

TEST_CASE("metrics tell what the opener, the store and the devices are like") {
    ApiBench bench;
    bench.serving.answered_refused = 3;
    const std::string text = metrics(bench);
    CHECK(has(text, "portcullis_opener_up{opener=\"1\"} 1"));
    CHECK(has(text, "portcullis_opener_good_total{opener=\"1\"} 7"));
    CHECK(has(text, "portcullis_access_policy_end_timestamp_seconds{opener=\"1\"} 1795593600"));
    CHECK(has(text, "portcullis_api_answers_total{outcome=\"refused\"} 3"));
    CHECK(has(text, "portcullis_store_up 1"));
    CHECK(has(text, "portcullis_store_devices 3"));
    CHECK(has(text, "portcullis_store_open_gaps 1"));
    CHECK(has(text, "portcullis_device_items{device=\"gate-1\"} 4"));
    CHECK(has(text, "portcullis_device_items_missing{device=\"gate-1\"} 3"));
    CHECK(has(text, "portcullis_device_duplicates{device=\"gate-7\"} 2"));
    CHECK(has(text, "portcullis_device_silent{device=\"gate-7\"} 1"));
    CHECK(has(text, "portcullis_device_silent{device=\"gate-1\"} 0"));
    CHECK(text.find("stranger\"") == std::string::npos);  // of no site: names of strangers have no bound
}

TEST_CASE("metrics tell when opener or store are away, and go on") {
    ApiBench bench;
    bench.openers = 2;
    bench.answer = fail(ErrorCode::closed, "away");
    bench.reading = fail(ErrorCode::not_found, "away");
    const ApiResponse response = bench.get("/metrics", "dora");
    REQUIRE(response.status == 200);
    CHECK(has(response.body, "portcullis_opener_up{opener=\"1\"} 0"));
    CHECK(has(response.body, "portcullis_opener_up{opener=\"2\"} 0"));
    CHECK(has(response.body, "portcullis_store_up 0"));
    CHECK(response.body.find("portcullis_opener_good_total{") == std::string::npos);
}

TEST_CASE("attack: a label's value cannot end its quotes, nor its line") {
    MetricsText out;
    out.gauge("x", "two\nlines \\ \"quoted\"");
    out.sample(1.5, {{"a", "q\"b\\s\nn"}, {"b", ""}});
    out.counter("y_total", "h");
    out.sample(12345678901.0);
    CHECK(out.take() ==
          "# HELP x two\\nlines \\\\ \"quoted\"\n# TYPE x gauge\nx{a=\"q\\\"b\\\\s\\nn\",b=\"\"} 1.5\n"
          "# HELP y_total h\n# TYPE y_total counter\ny_total 12345678901\n");
}

TEST_CASE(
    "the dashboard asks for metrics that there are, for each of them, and for rates of counters alone") {
    ApiBench bench;
    const std::set<std::string> told = families(metrics(bench));
    REQUIRE(told.size() > 20);
    const std::string text = read_text_file(source / "board/host/grafana/portcullis.json", 1 << 20).value();
    const Json board = Json::parse(text);
    std::set<std::string> asked;
    const std::regex name("portcullis_\\w+");
    const std::regex growth("(rate|increase)\\((\\w+)");
    for (const Json& panel : board.at("panels")) {
        CHECK_FALSE(panel.at("targets").empty());
        for (const Json& target : panel.at("targets")) {
            const std::string expression = target.at("expr");
            for (auto match = std::sregex_iterator(expression.begin(), expression.end(), name);
                 match != std::sregex_iterator(); ++match)
                asked.insert(match->str());
            for (auto match = std::sregex_iterator(expression.begin(), expression.end(), growth);
                 match != std::sregex_iterator(); ++match)
                CHECK_MESSAGE(match->str(2).ends_with("_total"), expression);
        }
    }
    CHECK(asked == told);
}
