#include "api/router.hpp"

#include <algorithm>
#include <array>

#include "api/metrics.hpp"
#include "api/metrics_text.hpp"
#include "api/openapi.hpp"
#include "api/problem.hpp"
#include "api/questions.hpp"
#include "api/views.hpp"
#include "base/log.hpp"
#include "collector/link/wipe.hpp"
#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::string_view describes_api = "/v1/openapi.json";
constexpr std::string_view tells_me = "/v1/me";
constexpr std::string_view lists_devices = "/v1/devices";
constexpr std::string_view lists_incidents = "/v1/incidents";
constexpr std::string_view asks_search = "/v1/searches";
constexpr std::string_view asks_crossings = "/v1/crossings";
constexpr std::string_view tells_metrics = "/metrics";
constexpr std::array routes = {ApiRoute{"GET", describes_api}, ApiRoute{"GET", tells_me},
                               ApiRoute{"GET", lists_devices}, ApiRoute{"GET", lists_incidents},
                               ApiRoute{"POST", asks_search},  ApiRoute{"POST", asks_crossings},
                               ApiRoute{"GET", tells_metrics}};

constexpr std::size_t shown_account_bytes = 64;

ApiResponse good(const ApiJson& json) {
    return {200, "application/json", json.dump(-1, ' ', false, ApiJson::error_handler_t::replace)};
}

bool is_json(std::string_view type) {
    const std::string_view kind = type.substr(0, type.find(';'));
    return kind.substr(0, kind.find_last_not_of(' ') + 1) == "application/json";
}

ApiResponse not_allowed(std::string_view method) {
    ApiResponse response = problem(405, "this path takes another method");
    response.allow = method;
    return response;
}

/// Who has no rights (any more), and why.
std::string objection(const AccessPolicy& policy, const AccessPerson* person, UtcTime now) {
    if (now >= end_of(policy.until))
        return fmt::format(
            "the access policy ended with {} (UTC): nobody is answered until there is a new one",
            to_string(policy.until));
    if (person == nullptr) return "the name in your certificate does not stand in the access policy";
    if (now >= end_of(person->until))
        return fmt::format("your rights ended with {} (UTC)", to_string(person->until));
    return {};
}

}  // namespace

std::span<const ApiRoute> api_routes() {
    return routes;
}

ApiResponse ApiRouter::handle(const ApiRequest& request) const try {
    const auto known = sources_.policy();
    const AccessPerson* person = known->policy.find(request.account);
    const std::string why = objection(known->policy, person, sources_.clock.utc());
    if (why.empty()) return route(request, {known->policy, *person});
    log_warning("api", "refused account='{}': {}", to_plain_text(request.account, shown_account_bytes), why);
    return problem(403, why);
} catch (const std::exception&) {
    // Of the JSON library or the memory; its words may hold what was sent.
    return problem(Error(ErrorCode::internal, "an exception while a request was answered"));
}

ApiResponse ApiRouter::route(const ApiRequest& request, const Caller& caller) const {
    const auto found = std::ranges::find(routes, std::string_view(request.target), &ApiRoute::path);
    if (found == routes.end()) return problem(404, "a path is written letter for letter, without a query");
    if (request.method != found->method) return not_allowed(found->method);
    if (request.body.size() > max_api_body_bytes) return problem(413, "the body is too long");
    if (found->method == "GET" && !request.body.empty()) return problem(400, "a GET has no body");
    if (found->method == "POST" && !is_json(request.content_type))
        return problem(415, "a question is asked in application/json");
    auto answered = answer(found->path, request, caller);
    return answered ? std::move(*answered) : problem(answered.error());
}

Result<ApiResponse> ApiRouter::answer(std::string_view path, const ApiRequest& request,
                                      const Caller& caller) const {
    if (path == describes_api) return ApiResponse{200, "application/json", std::string(openapi_text)};
    if (path == tells_me) return good(me_json(caller.policy, caller.person));
    if (path == asks_search) return search(request);
    if (path == asks_crossings) return cross(request);
    if (path == tells_metrics) return metrics(caller);
    const StoreReading reading = TRY(sources_.read_store());
    const StoreSight sight(caller.policy, caller.person);
    return good(path == lists_devices ? devices_json(reading, caller.policy, sight)
                                      : incidents_json(reading, sight));
}

/// Whoever is no operator is refused by the opener, which enters it in the audit log.
Result<ApiResponse> ApiRouter::search(const ApiRequest& request) const {
    const SearchRequest asked = TRY(search_from_body(request.body, request.account));
    const Packet question = to_packet(asked);
    SearchAnswer all;
    // All of them, or none: half an answer would pass for a whole one.
    for (std::size_t opener = 0; opener < sources_.openers; ++opener) {
        Packet packet = TRY(sources_.ask(opener, question));
        auto answer = parse_search_answer(packet);
        wipe(packet.blob);
        take_in(all, TRY(std::move(answer)));
    }
    return good(to_json(all));
}

Result<ApiResponse> ApiRouter::cross(const ApiRequest& request) const {
    const CrossingRequest asked = TRY(crossings_from_body(request.body, request.account));
    if (sources_.openers != 1)
        return fail(ErrorCode::unsupported,
                    "several openers share this store, and each knows a part of its passages: ask each with "
                    "`portcullis crossings`");
    const Packet packet = TRY(sources_.ask(0, to_packet(asked)));
    return good(to_json(TRY(parse_crossing_answer(packet))));
}

Result<ApiResponse> ApiRouter::metrics(const Caller& caller) const {
    if (caller.person.role == AccessRole::operates)
        return fail(ErrorCode::refused,
                    "metrics tell of all sites: to auditors and administrators of the access policy");
    MetricsSources sources{caller.policy, sources_.serving, {}, {}};
    for (std::size_t opener = 0; opener < sources_.openers; ++opener) {
        const auto packet = sources_.ask(opener, status_request());
        auto status = packet ? parse_opener_status(*packet) : fail(packet.error());
        if (!status) log_warning("api", "no counts of opener {}: {}", opener + 1, status.error().message());
        sources.openers.push_back(status ? std::optional(*status) : std::nullopt);
    }
    auto reading = sources_.read_store();
    if (!reading) log_warning("api", "no counts of the store: {}", reading.error().message());
    if (reading) sources.store = std::move(*reading);
    return ApiResponse{200, metrics_content_type, metrics_of(sources)};
}

}  // namespace portcullis
