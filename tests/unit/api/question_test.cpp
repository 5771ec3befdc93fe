// What is asked of the opener: taken strictly from the body, in the caller's name, and answered as it came.
#include <functional>

#include "api/questions.hpp"
#include "unit/api/api_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

SearchRequest searched(const ApiBench& bench) {
    REQUIRE(bench.asked.size() == 1);
    const auto request = parse_search_request(bench.asked[0]);
    REQUIRE(request);
    return *request;
}

}  // namespace

TEST_CASE("a search goes to the opener in the caller's name, and its answer comes back") {
    ApiBench bench;
    SearchAnswer answer;
    answer.found.push_back({"gate-1", {}, 7, api_now, "AB12CDE", "lane \"1\"", Direction::approaching});
    answer.matched = 1;
    answer.opened = 3;
    bench.answer = to_packet(answer);
    Json body = search_body();
    body.update({{"plate", "ab-12 cde"},
                 {"look_alike", true},
                 {"from", "2026-11-25"},
                 {"to", "2026-11-25T08:00:00.5Z"},
                 {"device", "gate-*"},
                 {"lane", "lane-1"},
                 {"direction", "receding"}});
    const ApiResponse response = bench.post("/v1/searches", body);
    REQUIRE(response.status == 200);
    const SearchRequest request = searched(bench);
    CHECK(request.on_behalf == "alice");
    CHECK(request.purpose == "hit-and-run");
    CHECK(request.case_number == "2026-117");
    CHECK(request.question.plate == "A812CDE");  // folded
    CHECK(request.question.from == UtcTime(std::chrono::floor<std::chrono::days>(api_now)));
    CHECK(request.question.to == api_now + milliseconds(500));
    CHECK(request.question.device == "gate-*");
    CHECK(request.question.direction == Direction::receding);
    const Json told = Json::parse(response.body);
    CHECK(told["complete"] == true);
    CHECK(told["opened"] == 3);
    CHECK(told["found"][0]["plate"] == "AB12CDE");
    CHECK(told["found"][0]["lane"] == "lane \"1\"");
    CHECK(told["found"][0]["captured"] == "2026-11-25T08:00:00.000000Z");
}

TEST_CASE("an answer that lacks something says so") {
    ApiBench bench;
    for (std::uint64_t SearchAnswer::*lack :
         {&SearchAnswer::matched, &SearchAnswer::damaged, &SearchAnswer::locked}) {
        SearchAnswer answer;
        answer.*lack = 1;
        bench.answer = to_packet(answer);
        CHECK(Json::parse(bench.post("/v1/searches", search_body()).body)["complete"] == false);
    }
    SearchAnswer answer;
    answer.holes.push_back({api_now, api_now});
    bench.answer = to_packet(answer);
    CHECK(Json::parse(bench.post("/v1/searches", search_body()).body)["complete"] == false);
}

TEST_CASE("several openers are asked each, a read that two know is told once, and crossings are not asked") {
    ApiBench bench;
    bench.openers = 2;
    SearchAnswer answer;
    answer.found.push_back({"gate-1", {}, 7, api_now, "AB12CDE", "1", Direction::unknown});
    answer.matched = 1;
    bench.answer = to_packet(answer);
    const Json told = Json::parse(bench.post("/v1/searches", search_body()).body);
    CHECK(bench.asked.size() == 2);
    CHECK(told["found"].size() == 1);
    CHECK(told["matched"] == 1);
    CHECK(is_problem(bench.post("/v1/crossings", crossings_body()), 501, "ask each with"));
}

TEST_CASE("crossings go to the opener in the caller's name, and come back without a plate") {
    ApiBench bench;
    CrossingAnswer answer;
    const ToldPassage in{"gate-1", {}, "in", 1, api_now};
    const ToldPassage out{"gate-2", {}, "out", 2, api_now + std::chrono::minutes(10)};
    answer.crossings.push_back({in, out, 1});
    answer.entries.push_back({in, "unread"});
    answer.counts = {1, 1, 0, 3, 0, 0};
    answer.median = std::chrono::minutes(10);
    bench.answer = to_packet(answer);
    const ApiResponse response = bench.post("/v1/crossings", crossings_body());
    REQUIRE(response.status == 200);
    const auto request = parse_crossing_request(bench.asked.at(0));
    REQUIRE(request);
    CHECK(request->on_behalf == "alice");
    CHECK(request->question.entry.places == std::vector<CrossingPlace>{{"gate-1", "in"}});
    CHECK(request->question.exit.places == std::vector<CrossingPlace>{{"gate-2", ""}});
    CHECK(request->question.to == api_now);
    CHECK(request->question.longest == std::chrono::hours(24));
    const Json told = Json::parse(response.body);
    CHECK(told["complete"] == true);
    CHECK(told["crossings"][0]["dwell_s"] == 600);
    CHECK(told["crossings"][0]["exit"]["device"] == "gate-2");
    CHECK(told["entries"][0]["why"] == "unread");
    CHECK(told["dwell_median_s"] == 600);
}

TEST_CASE("whoever is no operator is refused in the opener's words, for the entry is the opener's") {
    ApiBench bench;
    bench.answer = fail(ErrorCode::refused, "'carol' is an auditor and sees no plate");
    CHECK(is_problem(bench.post("/v1/searches", search_body(), "carol"), 403, "is an auditor"));
    CHECK(searched(bench).on_behalf == "carol");
    CHECK(is_problem(bench.post("/v1/crossings", crossings_body(), "carol"), 403, "is an auditor"));
}

TEST_CASE(
    "an opener that is away, silent or talks nonsense: the caller is told so, and nothing of the inside") {
    ApiBench bench;
    const std::pair<ErrorCode, unsigned> rows[] = {{ErrorCode::not_found, 503}, {ErrorCode::closed, 503},
                                                   {ErrorCode::denied, 503},    {ErrorCode::timeout, 504},
                                                   {ErrorCode::corrupt, 500},   {ErrorCode::io, 500}};
    for (const auto& [code, status] : rows) {
        bench.answer = fail(Error(code, "/run/secret.sock: nobody"));
        const ApiResponse response = bench.post("/v1/searches", search_body());
        CHECK(is_problem(response, status, "journal"));
        CHECK(response.body.find("secret") == std::string::npos);
    }
    bench.answer = Packet{"{\"op\":\"found\"}", {}};
    CHECK(is_problem(bench.post("/v1/searches", search_body()), 500, ""));
}

TEST_CASE("attack: a body that is not the one JSON object asked for is refused, and not repeated") {
    ApiBench bench;
    std::string deep(4000, '[');
    const std::string good = search_body().dump();
    struct Row {
        std::string body;
        const char* told;
    };
    const Row rows[] = {
        {"", "is not a JSON object"},
        {"null", "is not a JSON object"},
        {"[]", "is not a JSON object"},
        {"{", "is not a JSON object"},
        {good + good, "is not a JSON object"},
        {good.substr(0, good.size() - 1), "is not a JSON object"},
        {"{\"purpose\":\"\xff\xfe\"}", "is not a JSON object"},
        {std::string("{\0}", 3), "is not a JSON object"},
        {deep, "nested too deeply"},
        {"{\"plate\":" + deep, "nested too deeply"},
        {"{\"purpose\":\"a\",\"purpose\":\"b\"}", "names a field twice"},
        {"{\"x\":{\"y\":1,\"y\":2}}", "names a field twice"},
    };
    for (const Row& row : rows)
        CHECK_MESSAGE(is_problem(bench.post("/v1/searches", row.body), 400, row.told), row.told);
    CHECK(is_problem(bench.post("/v1/searches", std::string(max_api_body_bytes + 1, ' ')), 413, "too long"));
    for (const char* type : {"", "text/plain", "application/jsonx", "application/x-www-form-urlencoded",
                             "multipart/form-data; boundary=x", "text/html;application/json"})
        CHECK(is_problem(bench.post("/v1/searches", good, "alice", type), 415, "application/json"));
    CHECK(bench.asked.empty());
    CHECK(bench.post("/v1/searches", good, "alice", "application/json; charset=utf-8").status == 200);
}

TEST_CASE("attack: each field of a search is taken as what it is, or refused by name and never by value") {
    ApiBench bench;
    struct Row {
        const char* field;
        Json value;
        const char* told;
    };
    const std::string sql = "'; DROP TABLE item; --MARK";
    const std::string html = "<script>MARK</script>";
    std::vector<Row> rows = {{"purpose", nullptr, "\"purpose\" is not text"},
                             {"purpose", "", "\"purpose\" must say something"},
                             {"purpose", "   ", "\"purpose\" must say something"},
                             {"purpose", std::string(65, 'a'), "\"purpose\" is too long"},
                             {"case_number", 7, "\"case_number\" is not text"},
                             {"case_number", "", "\"case_number\" must say something"},
                             {"look_alike", "yes", "\"look_alike\" is not true or false"},
                             {"from", "yesterday MARK", "\"from\" is no time"},
                             {"from", 1795593600, "\"from\""},
                             {"from", "2026-11-25T08:00:00", "\"from\" is no time"},  // of which zone?
                             {"to", "2026-13-01", "\"to\" is no time"},
                             {"to", "2026-11-25T08:00:00.1234567Z", "\"to\" is no time"},
                             {"direction", "up MARK", "\"direction\" is none of"},
                             {"plate", Json::array({"A"}), "\"plate\" is not text"},
                             {"plate", std::string(3000, 'A'), "\"plate\" is too long"},
                             {"plate", std::string(25, 'A'), ""},
                             {"on_behalf", "bob", "a field that this version does not know"},
                             {"limit", 1, "a field that this version does not know"}};
    for (const char* field : {"plate", "device"})
        for (const std::string& text : {sql, html, std::string("\0MARK", 5), std::string("../../MARK")})
            rows.push_back({field, text, ""});
    for (const Row& row : rows) {
        Json body = search_body();
        body[row.field] = row.value;
        const ApiResponse response = bench.post("/v1/searches", body);
        CAPTURE(row.field);
        CHECK_MESSAGE(is_problem(response, 400, row.told), row.told);
        CHECK(response.body.find("MARK") == std::string::npos);
    }
    for (const char* field : search_needs) {
        Json body = search_body();
        body.erase(field);
        CHECK(is_problem(bench.post("/v1/searches", body), 400, fmt::format("\"{}\" is missing", field)));
    }
    CHECK(bench.asked.empty());
    // What may hold any text goes to the opener as data: it says what it makes of it.
    Json body = search_body();
    body["case_number"] = sql;
    body["purpose"] = html;
    CHECK(bench.post("/v1/searches", body).status == 200);
    CHECK(searched(bench).case_number == sql);
    CHECK(searched(bench).purpose == html);
}

TEST_CASE("attack: each field of a question for crossings, the same") {
    ApiBench bench;
    struct Row {
        const char* field;
        Json value;
        const char* told;
    };
    const Json place = {{"device", "gate-1"}};
    const Row rows[] = {
        {"entry", "gate-1", "\"entry\" is not a list"},
        {"entry", Json::array(), ""},
        {"entry", Json::array({"gate-1"}), "\"entry\" holds an entry that is not"},
        {"entry", Json::array({{{"lane", "in"}}}), "\"entry\" holds an entry that is not"},
        {"entry", Json::array({{{"device", "gate-1"}, {"more", 1}}}), "\"entry\" holds an entry"},
        {"entry", Json::array({{{"device", "' OR 1=1 MARK"}}}), ""},
        {"exit", Json(std::vector<Json>(17, place)), "\"exit\" is not a list within its limit"},
        {"exit", Json(std::vector<Json>(9, place)), ""},
        {"exit_direction", "MARK", "\"exit_direction\" is none of"},
        {"shortest_s", -1, "\"shortest_s\""},
        {"longest_s", 1.5, "\"longest_s\""},
        {"slack_s", 601, ""},
        {"from", "2026-11-25T09:00:00Z", ""},  // after `to`
        {"plate", "AB12CDE", "a field that this version does not know"}};
    for (const Row& row : rows) {
        Json body = crossings_body();
        body[row.field] = row.value;
        const ApiResponse response = bench.post("/v1/crossings", body);
        CAPTURE(row.field);
        CHECK_MESSAGE(is_problem(response, 400, row.told), row.told);
        CHECK(response.body.find("MARK") == std::string::npos);
    }
    for (const char* field : crossing_needs) {
        Json body = crossings_body();
        body.erase(field);
        CHECK(is_problem(bench.post("/v1/crossings", body), 400, field));
    }
    CHECK(bench.asked.empty());
}
