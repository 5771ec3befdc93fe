#include "api/questions.hpp"

#include <algorithm>

#include "api/body.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

namespace {

/// Room for a word that is too long, so that the words of checked() are told.
constexpr std::size_t question_limit = 2048;
constexpr std::size_t word_limit = 64;
constexpr std::uint64_t seconds_limit = 1'000'000'000;
constexpr std::size_t places_limit = 2 * max_crossing_places;

std::string needed_text(StrictJson& json, const char* key) {
    std::string text = json.text(key, max_purpose_bytes);
    json.check(text.find_first_not_of(' ') != text.npos, key,
               "must say something: nothing is shown without a purpose and a case number");
    return text;
}

std::string text_if_there(StrictJson& json, const char* key) {
    return json.has(key) ? json.text(key, question_limit) : std::string();
}

std::optional<Direction> direction_if_there(StrictJson& json, const char* key) {
    if (!json.has(key)) return std::nullopt;
    const std::string word = json.text(key, word_limit);
    const Direction direction = direction_from_string(word);
    json.check(word == to_string(direction), key, "is none of approaching, receding, unknown");
    return direction;
}

std::chrono::seconds seconds_if_there(StrictJson& json, const char* key, std::chrono::seconds usual) {
    return json.has(key) ? std::chrono::seconds(json.number(key, 0, seconds_limit)) : usual;
}

Result<CrossingPlace> place_from(const nlohmann::json& entry) {
    StrictJson json = TRY(StrictJson::parse(entry.dump(), "place"));
    CrossingPlace place;
    place.device = json.text("device", question_limit);
    place.lane = text_if_there(json, "lane");
    TRY(json.finish());
    return place;
}

CrossingSide side_from(StrictJson& json, const char* places, const char* direction) {
    CrossingSide side;
    for (const nlohmann::json& entry : json.list(places, places_limit)) {
        auto place = place_from(entry);
        json.check(place.has_value(), places, "holds an entry that is not {\"device\", \"lane\"}");
        if (place) side.places.push_back(std::move(*place));
    }
    side.direction = direction_if_there(json, direction);
    return side;
}

ApiJson list_of(const std::vector<ToldHole>& holes) {
    ApiJson list = ApiJson::array();
    for (const ToldHole& hole : holes)
        list.push_back({{"first", to_iso8601(hole.first)}, {"last", to_iso8601(hole.last)}});
    return list;
}

ApiJson json_of(const FoundRead& read) {
    return {{"device", read.device},
            {"chain", to_string(read.chain)},
            {"seq", read.seq},
            {"captured", to_iso8601(read.captured)},
            {"plate", read.text},
            {"lane", read.lane},
            {"direction", to_string(read.direction)}};
}

ApiJson json_of(const ToldPassage& passage) {
    return {{"device", passage.device},
            {"lane", passage.lane},
            {"chain", to_string(passage.chain)},
            {"seq", passage.seq},
            {"captured", to_iso8601(passage.captured)}};
}

ApiJson list_of(const std::vector<ToldLone>& lone) {
    ApiJson list = ApiJson::array();
    for (const ToldLone& one : lone) {
        list.push_back(json_of(one.passage));
        list.back()["why"] = one.why;
    }
    return list;
}

double in_seconds(microseconds span) {
    return std::chrono::duration<double>(span).count();
}

}  // namespace

Result<SearchRequest> search_from_body(std::string_view body, const std::string& on_behalf) {
    StrictJson json = TRY(read_body(body));
    SearchRequest request;
    request.on_behalf = on_behalf;
    request.purpose = needed_text(json, "purpose");
    request.case_number = needed_text(json, "case_number");
    PlateQuestion& question = request.question;
    question.plate = text_if_there(json, "plate");
    question.look_alike = json.has("look_alike") && json.flag("look_alike");
    if (json.has("from")) question.from = time_field(json, "from");
    if (json.has("to")) question.to = time_field(json, "to");
    question.device = text_if_there(json, "device");
    question.lane = text_if_there(json, "lane");
    question.direction = direction_if_there(json, "direction");
    TRY(finish_body(json));
    question = TRY(checked(std::move(question)));
    return request;
}

Result<CrossingRequest> crossings_from_body(std::string_view body, const std::string& on_behalf) {
    StrictJson json = TRY(read_body(body));
    CrossingRequest request;
    request.on_behalf = on_behalf;
    request.purpose = needed_text(json, "purpose");
    request.case_number = needed_text(json, "case_number");
    CrossingQuestion& question = request.question;
    question.entry = side_from(json, "entry", "entry_direction");
    question.exit = side_from(json, "exit", "exit_direction");
    question.from = time_field(json, "from");
    question.to = time_field(json, "to");
    question.shortest = seconds_if_there(json, "shortest_s", question.shortest);
    question.longest = seconds_if_there(json, "longest_s", question.longest);
    question.slack = seconds_if_there(json, "slack_s", question.slack);
    TRY(finish_body(json));
    question = TRY(checked(std::move(question)));
    return request;
}

ApiJson to_json(const SearchAnswer& answer) {
    const bool complete = answer.damaged == 0 && answer.locked == 0 && answer.holes.empty() &&
                          answer.matched <= answer.found.size();
    ApiJson json{{"complete", complete},      {"matched", answer.matched}, {"opened", answer.opened},
                 {"damaged", answer.damaged}, {"locked", answer.locked},   {"holes", list_of(answer.holes)},
                 {"found", ApiJson::array()}};
    const std::size_t shown = std::min(answer.found.size(), max_found);
    for (std::size_t i = 0; i < shown; ++i)
        json["found"].push_back(json_of(answer.found[i]));
    return json;
}

ApiJson to_json(const CrossingAnswer& answer) {
    const CrossingCounts& counts = answer.counts;
    const bool complete = counts.damaged == 0 && counts.locked == 0 && answer.holes.empty() &&
                          counts.matched <= answer.crossings.size() &&
                          counts.entries <= answer.entries.size() && counts.exits <= answer.exits.size();
    ApiJson json{{"complete", complete},
                 {"matched", counts.matched},
                 {"unmatched_entries", counts.entries},
                 {"unmatched_exits", counts.exits},
                 {"dwell_median_s", in_seconds(answer.median)},
                 {"dwell_centile_90_s", in_seconds(answer.centile_90)},
                 {"opened", counts.opened},
                 {"damaged", counts.damaged},
                 {"locked", counts.locked},
                 {"holes", list_of(answer.holes)},
                 {"crossings", ApiJson::array()},
                 {"entries", list_of(answer.entries)},
                 {"exits", list_of(answer.exits)}};
    for (const ToldCrossing& one : answer.crossings)
        json["crossings"].push_back({{"entry", json_of(one.entry)},
                                     {"exit", json_of(one.exit)},
                                     {"dwell_s", in_seconds(one.dwell())},
                                     {"distance", one.distance}});
    return json;
}

}  // namespace portcullis
