#pragma once
// What a caller asks of the opener, taken out of a request's body, and the opener's answers as JSON. An
// answer to a search is personal data. Pure functions, reentrant.

#include <array>
#include <nlohmann/json.hpp>

#include "collector/link/crossing_exchange.hpp"
#include "collector/link/search_exchange.hpp"

namespace portcullis {

using ApiJson = nlohmann::ordered_json;

/// The fields of a body: a test holds the API's description against them.
inline constexpr std::array search_fields = {"purpose", "case_number", "plate", "look_alike", "from",
                                             "to",      "device",      "lane",  "direction"};
inline constexpr std::array crossing_fields = {
    "purpose",         "case_number",    "entry",      "exit",      "from",   "to",
    "entry_direction", "exit_direction", "shortest_s", "longest_s", "slack_s"};
/// Of these none may be missing.
inline constexpr std::array search_needs = {"purpose", "case_number"};
inline constexpr std::array crossing_needs = {"purpose", "case_number", "entry", "exit", "from", "to"};

/// on_behalf: the caller's account. Errors: invalid_argument (which field, and what is allowed; never what it
/// held).
[[nodiscard]] Result<SearchRequest> search_from_body(std::string_view body, const std::string& on_behalf);
[[nodiscard]] Result<CrossingRequest> crossings_from_body(std::string_view body,
                                                          const std::string& on_behalf);

[[nodiscard]] ApiJson to_json(const SearchAnswer& answer);
[[nodiscard]] ApiJson to_json(const CrossingAnswer& answer);

}  // namespace portcullis
