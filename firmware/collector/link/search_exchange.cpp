#include "collector/link/search_exchange.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "collector/link/open_exchange.hpp"
#include "collector/link/strict_json.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t version = 1;
constexpr std::size_t word_limit = 64;
constexpr std::uint64_t any_count = max_seq;
/// Room for a plate that is too long, so that the opener tells what is wrong with it.
constexpr std::size_t question_limit = 2048;

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t us_of(UtcTime time) {
    return time.time_since_epoch().count();
}

Direction direction_field(StrictJson& json) {
    const std::string word = json.text("direction", word_limit);
    const Direction direction = direction_from_string(word);
    json.check(word == to_string(direction), "direction", "is none");
    return direction;
}

Result<FoundRead> found_from(const Json& entry) {
    StrictJson json = TRY(StrictJson::parse(entry.dump(), "found read"));
    FoundRead read;
    read.device = json.text("device", max_device_name_bytes);
    json.check(is_device_name(read.device), "device", "is no device's name");
    const auto chain = chain_from_string(json.text("chain", word_limit));
    json.check(chain.has_value(), "chain", "is not 16 hex digits");
    read.chain = chain.value_or(ChainId{});
    read.seq = json.number("seq", 1, max_seq);
    read.captured = json.time_us("captured_us");
    static_cast<void>(json.text("time", word_limit));
    read.text = json.text("text", max_plate_letters);
    read.lane = json.text("lane", max_lane_bytes);
    read.direction = direction_field(json);
    TRY(json.finish());
    return read;
}

Json json_of(const FoundRead& read) {
    return {{"device", read.device},
            {"chain", to_string(read.chain)},
            {"seq", read.seq},
            {"time", to_iso8601(read.captured)},
            {"captured_us", us_of(read.captured)},
            {"text", read.text},
            {"lane", read.lane},
            {"direction", to_string(read.direction)}};
}

}  // namespace

void take_in(SearchAnswer& all, SearchAnswer more) {
    const auto place = [](const FoundRead& read) {
        return std::tie(read.device, read.chain.bytes, read.seq);
    };
    all.matched += more.matched;
    all.opened += more.opened;
    all.damaged += more.damaged;
    all.locked += more.locked;
    all.holes.insert(all.holes.end(), more.holes.begin(), more.holes.end());
    for (FoundRead& read : more.found) {
        const bool there = std::ranges::any_of(
            all.found, [&](const FoundRead& other) { return place(other) == place(read); });
        if (there)
            --all.matched;
        else
            all.found.push_back(std::move(read));
    }
    std::ranges::stable_sort(all.found, std::greater(), &FoundRead::captured);
}

Packet to_packet(const SearchRequest& request) {
    const PlateQuestion& question = request.question;
    Json header{{"v", version},
                {"op", "search"},
                {"purpose", request.purpose},
                {"case", request.case_number},
                {"plate", question.plate},
                {"look_alike", question.look_alike},
                {"device", question.device},
                {"lane", question.lane}};
    if (question.from) header["from_us"] = us_of(*question.from);
    if (question.to) header["to_us"] = us_of(*question.to);
    if (question.direction) header["direction"] = to_string(*question.direction);
    if (!request.on_behalf.empty()) header["on_behalf"] = request.on_behalf;
    return Packet{dumped(header), {}};
}

Packet to_packet(const SearchAnswer& answer) {
    const Json header{{"v", version},
                      {"op", "found"},
                      {"matched", answer.matched},
                      {"opened", answer.opened},
                      {"damaged", answer.damaged},
                      {"locked", answer.locked},
                      {"holes_us", json_of(answer.holes)}};
    Json found = Json::array();
    for (const FoundRead& read : answer.found)
        found.push_back(json_of(read));
    return Packet{dumped(header), to_bytes(dumped(found))};
}

bool is_search(const Packet& packet) {
    return has_op(packet.header, "search");
}

Result<SearchRequest> parse_search_request(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "search"));
    json.begins(version, "search");
    json.check(packet.blob.empty(), "op", "brings bytes behind it");
    SearchRequest request;
    request.purpose = json.text("purpose", max_purpose_bytes);
    request.case_number = json.text("case", max_purpose_bytes);
    if (json.has("on_behalf")) request.on_behalf = json.text("on_behalf", max_purpose_bytes);
    PlateQuestion& question = request.question;
    question.plate = json.text("plate", question_limit);
    question.look_alike = json.flag("look_alike");
    question.device = json.text("device", question_limit);
    question.lane = json.text("lane", question_limit);
    if (json.has("from_us")) question.from = json.time_us("from_us");
    if (json.has("to_us")) question.to = json.time_us("to_us");
    if (json.has("direction")) question.direction = direction_field(json);
    TRY(json.finish());
    return request;
}

Result<SearchAnswer> parse_search_answer(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "search answer"));
    json.begins(version, "found");
    SearchAnswer answer;
    answer.matched = json.number("matched", 0, any_count);
    answer.opened = json.number("opened", 0, any_count);
    answer.damaged = json.number("damaged", 0, any_count);
    answer.locked = json.number("locked", 0, any_count);
    answer.holes = holes_field(json, "holes_us");
    TRY(json.finish());
    const Json found = Json::parse(as_text(packet.blob), nullptr, false);
    if (!found.is_array() || found.size() > max_found)
        return fail(ErrorCode::corrupt, "search answer: holds no list of reads");
    for (const Json& entry : found)
        answer.found.push_back(TRY(found_from(entry)));
    return answer;
}

}  // namespace portcullis
