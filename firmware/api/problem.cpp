#include "api/problem.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace portcullis {

namespace {

struct Words {
    unsigned status;
    std::string_view title;
    std::string_view cure;
};
constexpr std::string_view see_description = "GET /v1/openapi.json says what there is and what it takes";
constexpr std::string_view ask_again =
    "ask again later; if it stays so, the collector's administrator looks "
    "at the journals of portcullis-api and portcullis-opener";
constexpr std::array words = {
    Words{500, "The API failed", ask_again},
    Words{400, "The request is not in order", see_description},
    Words{403, "You may not", "ask an administrator of the access policy, or ask for less"},
    Words{404, "There is nothing of that name", see_description},
    Words{405, "This is not asked for in that way", see_description},
    Words{408, "The request took too long to arrive", "send it in one piece"},
    Words{413, "The request is too long", "a body has at most 16 KiB; narrow the question"},
    Words{415, "The body is of another kind", "send application/json"},
    Words{429, "Too many questions at once", "wait for an answer before you ask again"},
    Words{431, "The request's header is too long", "send at most 64 fields of 8 KiB together"},
    Words{501, "This collector does not do that", see_description},
    Words{503, "Nobody answers just now", ask_again},
    Words{504, "The answer took too long", "narrow the question by time and device"},
    Words{505, "HTTP/1.1 alone is spoken", "speak HTTP/1.1"}};

unsigned status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return 400;
        case ErrorCode::refused:
            return 403;
        case ErrorCode::unsupported:
            return 501;
        case ErrorCode::timeout:
            return 504;
        case ErrorCode::exhausted:
        case ErrorCode::closed:
        case ErrorCode::not_found:
        case ErrorCode::denied:
            return 503;
        default:
            return 500;
    }
}

}  // namespace

ApiResponse problem(unsigned status, std::string_view detail) {
    const auto found = std::ranges::find(words, status, &Words::status);
    const Words& said = found == words.end() ? words.front() : *found;
    const nlohmann::ordered_json json{{"type", "about:blank"},
                                      {"title", said.title},
                                      {"status", said.status},
                                      {"detail", detail},
                                      {"cure", said.cure}};
    using Json = nlohmann::ordered_json;
    return {said.status, "application/problem+json",
            json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

ApiResponse problem(const Error& error) {
    const unsigned status = status_of(error.code());
    if (status < 500 || status == 501) return problem(status, error.message());
    log_error("api", "{}", error.message());
    return problem(status, "what went wrong stands in the journal of portcullis-api");
}

}  // namespace portcullis
