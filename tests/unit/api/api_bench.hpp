#pragma once
// A router over sources that a test fills: no socket, no opener, no file.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "api/router.hpp"
#include "collector/link/crossing_exchange.hpp"
#include "collector/link/search_exchange.hpp"
#include "collector/link/status_exchange.hpp"
#include "collector/link/view_exchange.hpp"
#include "support/fake_clock.hpp"
#include "support/policies.hpp"

namespace portcullis::test {

using Json = nlohmann::json;

inline constexpr UtcTime api_now{std::chrono::seconds(1'795'593'600)};  // 2026-11-25T08:00:00Z

/// alice's and bob's devices, and one that stands at no site; each has a chain, and gate-1's has a gap.
inline StoreReading sample_reading() {
    StoreReading reading;
    RowId id = 0;
    for (const char* name : {"gate-1", "gate-7", "stranger"}) {
        DeviceRow device;
        device.name = name;
        device.heard_at = api_now;
        ChainRow chain;
        chain.id = ++id;
        chain.device = name;
        chain.upto = 4;
        chain.last = 9;
        chain.confirmed = 3;
        chain.duplicates = 2;
        reading.devices.push_back(device);
        reading.chains.push_back(chain);
        reading.incidents.push_back(
            {api_now, name, {}, 5, "<script>alert(1)</script> ' OR 1=1 --", 1, api_now, 5});
    }
    reading.devices[0].status_chain = ChainId{};
    reading.devices[1].silent_since = api_now;
    reading.gaps[1] = {GapRow{5, 7, api_now, std::nullopt, Declared::no}};
    reading.open_gaps = 1;
    reading.incident_count = 3;
    return reading;
}

struct ApiBench {
    FakeClock clock{api_now};
    ServingCounters serving;
    std::shared_ptr<KnownAccessPolicy> policy = std::make_shared<KnownAccessPolicy>();
    Result<StoreReading> reading = sample_reading();
    /// What the opener answers, and what it was asked.
    Result<Packet> answer = to_packet(SearchAnswer{});
    std::vector<Packet> asked;
    std::size_t openers = 1;

    ApiBench() { policy->policy = sample_policy(api_now); }

    [[nodiscard]] ApiRouter router() {
        return ApiRouter({[this] { return policy; }, openers,
                          [this](std::size_t, const Packet& question) {
                              asked.push_back(question);
                              return answer;
                          },
                          [this] { return reading; }, clock, serving});
    }
    ApiResponse get(const std::string& target, const std::string& account = "alice") {
        return router().handle({"GET", target, "", "", account});
    }
    ApiResponse post(const std::string& target, const std::string& body, const std::string& account = "alice",
                     const std::string& type = "application/json") {
        return router().handle({"POST", target, type, body, account});
    }
    ApiResponse post(const std::string& target, const Json& body, const std::string& account = "alice") {
        return post(target, body.dump(-1, ' ', false, Json::error_handler_t::replace), account);
    }
};

inline Json search_body() {
    return {{"plate", "AB12CDE"}, {"purpose", "hit-and-run"}, {"case_number", "2026-117"}};
}
inline Json crossings_body() {
    return {{"entry", {{{"device", "gate-1"}, {"lane", "in"}}}},
            {"exit", {{{"device", "gate-2"}}}},
            {"from", "2026-11-25T06:00:00Z"},
            {"to", "2026-11-25T08:00:00Z"},
            {"purpose", "hit-and-run"},
            {"case_number", "2026-117"}};
}

/// A problem of that status, whose detail has these words; it is JSON with what RFC 9457 and we ask for.
inline bool is_problem(const ApiResponse& response, unsigned status, std::string_view words) {
    INFO(response.status, " ", response.body);
    CHECK(response.content_type == "application/problem+json");
    const Json json = Json::parse(response.body, nullptr, false);
    REQUIRE(json.is_object());
    for (const char* field : {"type", "title", "detail", "cure"})
        CHECK(json.at(field).get<std::string>() != "");
    CHECK(json.at("status") == response.status);
    return response.status == status && json.at("detail").get<std::string>().find(words) != std::string::npos;
}

}  // namespace portcullis::test
