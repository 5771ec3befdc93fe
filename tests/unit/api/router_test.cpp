// Which request is answered, by what, and for whom.
#include "api/router.hpp"

#include <fstream>

#include "unit/api/api_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("who is not in the policy, whose rights are over, or whose policy is over, gets nothing at all") {
    ApiBench bench;
    bench.policy->policy.people[1].until =
        std::chrono::floor<std::chrono::days>(api_now) - std::chrono::days(1);
    const char* targets[] = {"/v1/me", "/v1/openapi.json", "/v1/devices", "/metrics", "/nothing"};
    for (const char* target : targets) {
        for (const char* account : {"", "mallory", "Alice", "alice ", "uid 0"})
            CHECK(is_problem(bench.get(target, account), 403, "does not stand in the access policy"));
        CHECK(is_problem(bench.get(target, "bob"), 403, "your rights ended"));
    }
    CHECK(is_problem(bench.post("/v1/searches", search_body(), "mallory"), 403, "does not stand in"));
    CHECK(bench.get("/v1/me").status == 200);
    bench.clock.advance(end_of(bench.policy->policy.until) - api_now);
    for (const char* account : {"alice", "carol", "dora", "mallory"})
        CHECK(is_problem(bench.get("/v1/me", account), 403, "the access policy ended with"));
    CHECK(bench.asked.empty());
}

TEST_CASE("each person is told who he is and what he may") {
    ApiBench bench;
    const Json alice = Json::parse(bench.get("/v1/me").body);
    CHECK(alice["account"] == "alice");
    CHECK(alice["role"] == "operator");
    CHECK(alice["devices"] == Json{"gate-1", "gate-2"});
    CHECK(alice["purposes"] == Json{"hit-and-run", "stolen-vehicle"});
    CHECK(alice["policy_version"] == 7);
    CHECK(Json::parse(bench.get("/v1/me", "carol").body)["role"] == "auditor");
}

TEST_CASE("attack: a path is itself or nothing") {
    ApiBench bench;
    for (const std::string path : {"/v1/../v1/me",
                                   "/v1/%6de",
                                   "/v1/me/",
                                   "//v1/me",
                                   "/v1//me",
                                   "/V1/me",
                                   "/v1/me?x=1",
                                   "/v1/me#x",
                                   "v1/me",
                                   "",
                                   "/",
                                   "*",
                                   "/v1/devices/../../etc/passwd",
                                   "/%2e%2e/%2e%2e/etc/passwd",
                                   "/v1/..%2fme",
                                   "http://127.0.0.1/v1/me",
                                   "/metrics%00",
                                   "/metrics;x",
                                   "/v1/devices?device=gate-1'%20OR%201=1--",
                                   "/v1/me\\..\\me"}) {
        CHECK_MESSAGE(is_problem(bench.get(path), 404, "letter for letter"), path);
        CHECK_MESSAGE(bench.get(path).body.find("passwd") == std::string::npos, path);
    }
    CHECK(is_problem(bench.get(std::string("/v1/me\0", 7)), 404, ""));
    CHECK(is_problem(bench.get("/v1/" + std::string(8000, 'a')), 404, ""));
    CHECK(bench.asked.empty());
}

TEST_CASE("each path takes one method, and says which") {
    ApiBench bench;
    for (const ApiRoute& route : api_routes())
        for (const char* method : {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", ""}) {
            if (route.method == method) continue;
            const ApiResponse response = bench.router().handle(
                {method, std::string(route.path), "application/json", search_body().dump(), "alice"});
            CHECK(is_problem(response, 405, "another method"));
            CHECK(response.allow == route.method);
        }
    CHECK(is_problem(bench.router().handle({"GET", "/v1/me", "", "{}", "alice"}), 400, "a GET has no body"));
}

TEST_CASE("an operator hears of his sites' devices, who audits or administers of all") {
    ApiBench bench;
    const auto named = [](const ApiResponse& response, const char* list) {
        REQUIRE(response.status == 200);
        const Json json = Json::parse(response.body);
        std::vector<std::string> names;
        for (const Json& one : json[list])
            names.push_back(one["device"]);
        return names;
    };
    using Names = std::vector<std::string>;
    for (const auto& [path, list] :
         {std::pair{"/v1/devices", "devices"}, std::pair{"/v1/incidents", "incidents"}}) {
        CHECK(named(bench.get(path, "alice"), list) == Names{"gate-1"});
        CHECK(named(bench.get(path, "bob"), list) == Names{"gate-7"});
        CHECK(named(bench.get(path, "carol"), list) == Names{"gate-1", "gate-7", "stranger"});
        CHECK(named(bench.get(path, "dora"), list) == Names{"gate-1", "gate-7", "stranger"});
    }
    const Json device = Json::parse(bench.get("/v1/devices").body)["devices"][0];
    CHECK(device["site"] == "bridge");
    CHECK(device["silent_since"].is_null());
    CHECK(device["chains"][0]["received"] == 4);
    CHECK(device["chains"][0]["open_gaps"][0]["last"] == 7);
    const Json all = Json::parse(bench.get("/v1/devices", "carol").body)["devices"];
    CHECK(all[2]["site"].is_null());
    CHECK(all[1]["silent_since"] == "2026-11-25T08:00:00.000000Z");
    CHECK(bench.asked.empty());
}

TEST_CASE("what strangers wrote into the store is told as text, and no more incidents than fit") {
    ApiBench bench;
    const Json told = Json::parse(bench.get("/v1/incidents").body)["incidents"][0];
    CHECK(told["what"] == "<script>alert(1)</script> ' OR 1=1 --");
    bench.reading->incidents.assign(max_told_incidents + 5, bench.reading->incidents[0]);
    bench.reading->incidents[1].what = "\xff\"\n\x01";
    const Json many = Json::parse(bench.get("/v1/incidents").body);
    CHECK(many["incidents"].size() == max_told_incidents);
    CHECK(many["truncated"] == true);
    bench.reading = fail(ErrorCode::not_found, "/var/lib/store.db is not there");
    const ApiResponse away = bench.get("/v1/incidents");
    CHECK(is_problem(away, 503, "journal"));
    CHECK(away.body.find("/var/lib") == std::string::npos);
}

TEST_CASE("metrics are told to who audits or administers, not to an operator") {
    ApiBench bench;
    CHECK(is_problem(bench.get("/metrics", "alice"), 403, "to auditors and administrators"));
    CHECK(bench.asked.empty());
    bench.answer = to_packet(OpenerStatus{});
    const ApiResponse told = bench.get("/metrics", "carol");
    CHECK(told.status == 200);
    CHECK(told.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(is_status_request(bench.asked.at(0)));
}
