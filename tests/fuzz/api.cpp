// A request to the API, by who has a certificate: method, target and content type, each on a line of its own,
// and a body behind them. Whatever it is, it gets an answer of our form, and what reaches the opener is in
// the caller's name.
#include <nlohmann/json.hpp>

#include "api/router.hpp"
#include "base/assert.hpp"
#include "collector/link/crossing_exchange.hpp"
#include "collector/link/search_exchange.hpp"
#include "fuzz/input.hpp"
#include "support/fake_clock.hpp"
#include "support/policies.hpp"

using namespace portcullis;

namespace {

constexpr UtcTime now{std::chrono::seconds(1'795'593'600)};

std::string line_of(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

Result<Packet> answer(const Packet& question) {
    if (is_search(question)) {
        const auto request = parse_search_request(question);
        PORTCULLIS_ASSERT(request && request->on_behalf == "alice");
        PORTCULLIS_ASSERT(!request->purpose.empty() && !request->case_number.empty());
        PORTCULLIS_ASSERT(checked(request->question).has_value());
        return to_packet(SearchAnswer{});
    }
    const auto request = parse_crossing_request(question);
    PORTCULLIS_ASSERT(request && request->on_behalf == "alice");
    PORTCULLIS_ASSERT(checked(request->question).has_value());
    return to_packet(CrossingAnswer{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::FakeClock clock{now};
    static const ServingCounters serving;
    static const auto policy = [] {
        auto known = std::make_shared<KnownAccessPolicy>();
        known->policy = test::sample_policy(now);
        return known;
    }();
    static const ApiRouter router({[] { return policy; }, 1,
                                   [](std::size_t, const Packet& question) { return answer(question); },
                                   [] { return Result<StoreReading>(StoreReading()); }, clock, serving});
    std::string_view text = as_text(fuzz::input_bytes(data, size));
    ApiRequest request;
    request.account = "alice";
    request.method = line_of(text);
    request.target = line_of(text);
    request.content_type = line_of(text);
    request.body = text;
    const ApiResponse response = router.handle(request);
    const auto json = nlohmann::json::parse(response.body, nullptr, false);
    PORTCULLIS_ASSERT(json.is_object());
    PORTCULLIS_ASSERT(response.status == 200 || json.at("status") == response.status);
    PORTCULLIS_ASSERT(response.status < 500 || response.status == 501);
    return 0;
}
