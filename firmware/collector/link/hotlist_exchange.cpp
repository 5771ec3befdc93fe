#include "collector/link/hotlist_exchange.hpp"

#include <algorithm>

#include "collector/link/open_exchange.hpp"
#include "collector/link/strict_json.hpp"
#include "collector/link/view_exchange.hpp"
#include "record/hotlist_codec.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t version = 1;
constexpr std::size_t word_limit = 64;
constexpr std::uint64_t any_count = max_seq;
constexpr std::uint64_t latest_us = 253'402'300'800'000'000;

std::string_view word_of(HotlistAct act) {
    switch (act) {
        case HotlistAct::show:
            return "show";
        case HotlistAct::confirm:
            return "confirm";
        case HotlistAct::reject:
            return "reject";
    }
    return "show";
}

HotlistAct act_field(StrictJson& json) {
    const std::string word = json.text("act", word_limit);
    for (const HotlistAct act : {HotlistAct::show, HotlistAct::confirm, HotlistAct::reject})
        if (word == word_of(act)) return act;
    json.check(false, "act", "is none");
    return HotlistAct::show;
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t us_of(UtcTime time) {
    return time.time_since_epoch().count();
}

void place_fields(StrictJson& json, HotlistRequest& request) {
    request.device = json.text("device", max_device_name_bytes);
    json.check(is_device_name(request.device), "device", "is no device's name");
    const auto chain = chain_from_string(json.text("chain", word_limit));
    json.check(chain.has_value(), "chain", "is not 16 hex digits");
    request.chain = chain.value_or(ChainId{});
    request.seq = json.number("seq", 1, max_seq);
}

Failure bad(std::string_view what) {
    return fail(ErrorCode::corrupt, "hotlist answer: {}", what);
}

/// [state, who, when]: what was said of one hit.
Result<void> fill_ruling(const Json& ruling, ToldHit& told) {
    const bool good = ruling.is_array() && ruling.size() == 3 && ruling[0].is_string() &&
                      ruling[1].is_string() && ruling[2].is_number_unsigned() &&
                      ruling[2].get<std::uint64_t>() <= latest_us;
    if (!good) return bad("holds a ruling that is not [state, who, when]");
    const auto state = hit_state_from_string(ruling[0].get_ref<const std::string&>());
    told.who = ruling[1].get<std::string>();
    if (!state || told.who.size() > max_hotlist_word_bytes) return bad("holds a ruling that is none");
    told.state = *state;
    told.at = UtcTime(microseconds(ruling[2].get<std::int64_t>()));
    return {};
}

}  // namespace

Packet to_packet(const HotlistRequest& request) {
    Json header{{"v", version},
                {"op", "hotlist"},
                {"act", word_of(request.act)},
                {"purpose", request.purpose},
                {"case", request.case_number}};
    if (request.since) header["since_us"] = us_of(*request.since);
    if (request.state) header["state"] = to_string(*request.state);
    if (request.act != HotlistAct::show) {
        header["device"] = request.device;
        header["chain"] = to_string(request.chain);
        header["seq"] = request.seq;
    }
    return Packet{dumped(header), {}};
}

Result<Packet> to_packet(const HotlistAnswer& answer) {
    Json rulings = Json::array();
    Packet packet;
    for (const ToldHit& told : answer.hits) {
        rulings.push_back({to_string(told.state), told.who, us_of(told.at)});
        std::string text = TRY(encode_hit(told.hit));
        text += '\n';
        const ByteView line = as_bytes(text);
        packet.blob.insert(packet.blob.end(), line.begin(), line.end());
    }
    packet.header = dumped({{"v", version},
                            {"op", "hits"},
                            {"matched", answer.matched},
                            {"version", answer.version},
                            {"wanted", answer.wanted},
                            {"unbooked", answer.unbooked},
                            {"damaged", answer.damaged},
                            {"rulings", rulings}});
    return packet;
}

bool is_hotlist_request(const Packet& packet) {
    return has_op(packet.header, "hotlist");
}

Result<HotlistRequest> parse_hotlist_request(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "hotlist question"));
    json.begins(version, "hotlist");
    json.check(packet.blob.empty(), "op", "brings bytes behind it");
    HotlistRequest request;
    request.act = act_field(json);
    request.purpose = json.text("purpose", max_purpose_bytes);
    request.case_number = json.text("case", max_purpose_bytes);
    if (json.has("since_us")) request.since = json.time_us("since_us");
    if (json.has("state")) {
        request.state = hit_state_from_string(json.text("state", word_limit));
        json.check(request.state.has_value(), "state", "is none");
    }
    if (request.act != HotlistAct::show) place_fields(json, request);
    TRY(json.finish());
    return request;
}

Result<HotlistAnswer> parse_hotlist_answer(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "hotlist answer"));
    json.begins(version, "hits");
    HotlistAnswer answer;
    answer.matched = json.number("matched", 0, any_count);
    answer.version = json.number("version", 0, any_count);
    answer.wanted = json.number("wanted", 0, max_hotlist_entries);
    answer.unbooked = json.number("unbooked", 0, any_count);
    answer.damaged = json.number("damaged", 0, any_count);
    const Json rulings = json.list("rulings", max_told_hits);
    TRY(json.finish());
    std::string_view lines = as_text(packet.blob);
    for (const Json& ruling : rulings) {
        const std::size_t end = lines.find('\n');
        if (end == lines.npos) return bad("holds fewer hits than it says");
        ToldHit& told = answer.hits.emplace_back();
        auto hit = parse_hit(lines.substr(0, end));
        if (!hit) return bad("holds a hit that is none");
        told.hit = std::move(*hit);
        TRY(fill_ruling(ruling, told));
        lines.remove_prefix(end + 1);
    }
    if (!lines.empty()) return bad("holds more hits than it says");
    return answer;
}

}  // namespace portcullis
