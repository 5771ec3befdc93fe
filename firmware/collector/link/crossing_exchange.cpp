#include "collector/link/crossing_exchange.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "collector/link/open_exchange.hpp"
#include "collector/link/strict_json.hpp"
#include "collector/link/view_exchange.hpp"
#include "core/plate_question.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t version = 1;
constexpr std::size_t word_limit = 64;
constexpr std::uint64_t any_count = max_seq;
/// Room for a name that is too long, so that the opener tells what is wrong with it.
constexpr std::size_t name_limit = 256;
constexpr std::size_t places_limit = 2 * max_crossing_places;
constexpr std::uint64_t seconds_limit = 1'000'000'000;
constexpr std::uint64_t distance_limit = 1000;
constexpr std::uint64_t latest_us = 253'402'300'800'000'000;
/// A dwell is at most the longest that is asked for, or below zero by the slack.
constexpr double dwell_limit_us = 1e13;
constexpr std::size_t max_sources = 4 * max_told_crossings;
constexpr std::array<std::string_view, 4> reasons = {"unread", "ambiguous", "edge", "alone"};

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t us_of(UtcTime time) {
    return time.time_since_epoch().count();
}

Json json_of(const CrossingSide& side) {
    Json places = Json::array();
    for (const CrossingPlace& place : side.places)
        places.push_back({place.device, place.lane});
    return places;
}

bool is_text(const Json& json, std::size_t limit) {
    const auto* text = json.get_ptr<const std::string*>();
    return text != nullptr && text->size() <= limit;
}

CrossingSide side_field(StrictJson& json, const char* places, const char* direction) {
    CrossingSide side;
    for (const Json& entry : json.list(places, places_limit)) {
        const bool good = entry.is_array() && entry.size() == 2 && is_text(entry[0], name_limit) &&
                          is_text(entry[1], name_limit);
        json.check(good, places, "holds an entry that is not [device, lane]");
        if (good) side.places.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
    }
    if (!json.has(direction)) return side;
    const std::string word = json.text(direction, word_limit);
    side.direction = direction_from_string(word);
    json.check(word == to_string(*side.direction), direction, "is none");
    return side;
}

std::chrono::seconds seconds_field(StrictJson& json, const char* key) {
    return std::chrono::seconds(json.number(key, 0, seconds_limit));
}

microseconds dwell_field(StrictJson& json, const char* key) {
    return microseconds(static_cast<std::int64_t>(json.real(key, -dwell_limit_us, dwell_limit_us)));
}

/// Device, chain and lane stand once, however many passages are of them.
class Sources {
  public:
    Json row(const ToldPassage& passage) {
        const auto [place, fresh] =
            known_.try_emplace({passage.device, passage.chain.bytes, passage.lane}, known_.size());
        if (fresh) list_.push_back({passage.device, to_string(passage.chain), passage.lane});
        return {place->second, passage.seq, us_of(passage.captured)};
    }
    [[nodiscard]] const Json& list() const { return list_; }

  private:
    std::map<std::tuple<std::string, std::array<std::byte, 8>, std::string>, std::size_t> known_;
    Json list_ = Json::array();
};

Json rows_of(const std::vector<ToldLone>& lone, Sources& sources) {
    Json rows = Json::array();
    for (const ToldLone& one : lone)
        rows.push_back({sources.row(one.passage), one.why});
    return rows;
}

bool is_number(const Json& json, std::uint64_t low, std::uint64_t high) {
    return json.is_number_unsigned() && json.get<std::uint64_t>() >= low && json.get<std::uint64_t>() <= high;
}

Failure bad(std::string_view what) {
    return fail(ErrorCode::corrupt, "crossing answer: {}", what);
}

using SourceList = std::vector<ToldPassage>;

Result<SourceList> sources_from(const Json& list) {
    SourceList sources;
    for (const Json& entry : list) {
        if (!entry.is_array() || entry.size() != 3 || !is_text(entry[0], max_device_name_bytes) ||
            !is_text(entry[1], word_limit) || !is_text(entry[2], 3 * max_lane_bytes))
            return bad("a source that is not [device, chain, lane]");
        ToldPassage source;
        source.device = entry[0].get<std::string>();
        source.chain = TRY(chain_from_string(entry[1].get<std::string>()));
        source.lane = entry[2].get<std::string>();
        if (!is_device_name(source.device)) return bad("a source without a device's name");
        sources.push_back(std::move(source));
    }
    return sources;
}

Result<ToldPassage> passage_from(const Json& row, const SourceList& sources) {
    if (!row.is_array() || row.size() != 3 || !is_number(row[0], 0, max_sources) ||
        row[0].get<std::size_t>() >= sources.size() || !is_number(row[1], 1, max_seq) ||
        !is_number(row[2], 0, latest_us))
        return bad("a passage that is not [source, seq, time]");
    ToldPassage passage = sources[row[0].get<std::size_t>()];
    passage.seq = row[1].get<Seq>();
    passage.captured = UtcTime(microseconds(row[2].get<std::int64_t>()));
    return passage;
}

Result<std::vector<ToldCrossing>> crossings_from(const Json& rows, const SourceList& sources) {
    std::vector<ToldCrossing> crossings;
    for (const Json& row : rows) {
        if (!row.is_array() || row.size() != 3 || !is_number(row[2], 0, distance_limit))
            return bad("a crossing that is not [entry, exit, distance]");
        ToldCrossing crossing;
        crossing.entry = TRY(passage_from(row[0], sources));
        crossing.exit = TRY(passage_from(row[1], sources));
        crossing.distance = row[2].get<std::uint64_t>();
        crossings.push_back(std::move(crossing));
    }
    return crossings;
}

Result<std::vector<ToldLone>> lone_from(const Json& rows, const SourceList& sources) {
    std::vector<ToldLone> lone;
    for (const Json& row : rows) {
        const auto* why = row.is_array() && row.size() == 2 ? row[1].get_ptr<const std::string*>() : nullptr;
        if (why == nullptr || std::ranges::find(reasons, *why) == reasons.end())
            return bad("an unmatched passage that is not [passage, reason]");
        ToldPassage passage = TRY(passage_from(row[0], sources));
        lone.push_back({std::move(passage), *why});
    }
    return lone;
}

Result<void> fill_lists(std::string_view text, CrossingAnswer& answer) {
    StrictJson lists = TRY(StrictJson::parse(text, "crossing answer"));
    const Json sources = lists.list("sources", max_sources);
    const Json crossings = lists.list("crossings", max_told_crossings);
    const Json entries = lists.list("entries", max_told_crossings);
    const Json exits = lists.list("exits", max_told_crossings);
    TRY(lists.finish());
    const SourceList known = TRY(sources_from(sources));
    answer.crossings = TRY(crossings_from(crossings, known));
    answer.entries = TRY(lone_from(entries, known));
    answer.exits = TRY(lone_from(exits, known));
    return {};
}

}  // namespace

Packet to_packet(const CrossingRequest& request) {
    const CrossingQuestion& question = request.question;
    Json header{{"v", version},
                {"op", "crossings"},
                {"purpose", request.purpose},
                {"case", request.case_number},
                {"entry", json_of(question.entry)},
                {"exit", json_of(question.exit)},
                {"from_us", us_of(question.from)},
                {"to_us", us_of(question.to)},
                {"shortest_s", question.shortest.count()},
                {"longest_s", question.longest.count()},
                {"slack_s", question.slack.count()}};
    if (question.entry.direction) header["entry_direction"] = to_string(*question.entry.direction);
    if (question.exit.direction) header["exit_direction"] = to_string(*question.exit.direction);
    if (!request.on_behalf.empty()) header["on_behalf"] = request.on_behalf;
    return Packet{dumped(header), {}};
}

Packet to_packet(const CrossingAnswer& answer) {
    Json header{{"v", version},
                {"op", "crossed"},
                {"matched", answer.counts.matched},
                {"lone_entries", answer.counts.entries},
                {"lone_exits", answer.counts.exits},
                {"opened", answer.counts.opened},
                {"damaged", answer.counts.damaged},
                {"locked", answer.counts.locked},
                {"median_us", answer.median.count()},
                {"centile_90_us", answer.centile_90.count()},
                {"holes_us", json_of(answer.holes)}};
    Sources sources;
    Json lists;
    lists["crossings"] = Json::array();
    for (const ToldCrossing& one : answer.crossings)
        lists["crossings"].push_back({sources.row(one.entry), sources.row(one.exit), one.distance});
    lists["entries"] = rows_of(answer.entries, sources);
    lists["exits"] = rows_of(answer.exits, sources);
    lists["sources"] = sources.list();
    return Packet{dumped(header), to_bytes(dumped(lists))};
}

bool is_crossing_request(const Packet& packet) {
    return has_op(packet.header, "crossings");
}

Result<CrossingRequest> parse_crossing_request(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "crossings"));
    json.begins(version, "crossings");
    json.check(packet.blob.empty(), "op", "brings bytes behind it");
    CrossingRequest request;
    request.purpose = json.text("purpose", max_purpose_bytes);
    request.case_number = json.text("case", max_purpose_bytes);
    if (json.has("on_behalf")) request.on_behalf = json.text("on_behalf", max_purpose_bytes);
    CrossingQuestion& question = request.question;
    question.entry = side_field(json, "entry", "entry_direction");
    question.exit = side_field(json, "exit", "exit_direction");
    question.from = json.time_us("from_us");
    question.to = json.time_us("to_us");
    question.shortest = seconds_field(json, "shortest_s");
    question.longest = seconds_field(json, "longest_s");
    question.slack = seconds_field(json, "slack_s");
    TRY(json.finish());
    return request;
}

Result<CrossingAnswer> parse_crossing_answer(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "crossing answer"));
    json.begins(version, "crossed");
    CrossingAnswer answer;
    answer.counts.matched = json.number("matched", 0, any_count);
    answer.counts.entries = json.number("lone_entries", 0, any_count);
    answer.counts.exits = json.number("lone_exits", 0, any_count);
    answer.counts.opened = json.number("opened", 0, any_count);
    answer.counts.damaged = json.number("damaged", 0, any_count);
    answer.counts.locked = json.number("locked", 0, any_count);
    answer.median = dwell_field(json, "median_us");
    answer.centile_90 = dwell_field(json, "centile_90_us");
    answer.holes = holes_field(json, "holes_us");
    TRY(json.finish());
    TRY(fill_lists(as_text(packet.blob), answer));
    return answer;
}

}  // namespace portcullis
