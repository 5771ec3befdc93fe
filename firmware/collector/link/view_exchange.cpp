#include "collector/link/view_exchange.hpp"

#include <cmath>

#include "collector/link/open_exchange.hpp"
#include "collector/link/strict_json.hpp"

namespace portcullis {

namespace {

constexpr std::uint64_t view_version = 3;
constexpr std::uint64_t subscription_version = 2;
constexpr std::size_t word_limit = 64;
// 24 characters, each with 3 alternatives and the two brackets of its set, are 144.
constexpr std::size_t published_limit = 192;
constexpr std::size_t list_limit = 64;

/// Three decimals: what the read's signed text holds; a float's tail of digits says nothing.
double rounded(double value) {
    constexpr double steps = 1000;
    return std::round(value * steps) / steps;
}

void add_read(nlohmann::json& header, const View& view) {
    header["captured_us"] = view.captured_at->time_since_epoch().count();
    header["latency_ms"] = rounded(*view.latency_ms());
    header["lane"] = view.lane;
    header["direction"] = to_string(view.direction);
    header["text"] = view.text;
    header["published"] = view.published;
    header["raw"] = view.raw;
    header["confidence"] = rounded(static_cast<double>(view.confidence));
    header["characters"] = nlohmann::json::array();
    for (const float confidence : view.characters)
        header["characters"].push_back(rounded(static_cast<double>(confidence)));
    header["jurisdiction"] = view.jurisdiction.code;
    header["jurisdiction_confidence"] = rounded(static_cast<double>(view.jurisdiction.confidence));
    header["media"] = nlohmann::json::array();
    for (const ViewMedia& media : view.media)
        header["media"].push_back({{"role", to_string(media.role)}, {"seq", media.seq}});
}

void parse_media(StrictJson& json, View& view) {
    for (const nlohmann::json& entry : json.list("media", list_limit)) {
        const auto role = entry.is_object() ? entry.find("role") : entry.end();
        const auto seq = entry.is_object() ? entry.find("seq") : entry.end();
        const bool good = role != entry.end() && role->is_string() && seq != entry.end() &&
                          seq->is_number_unsigned() && entry.size() == 2;
        json.check(good, "media", "holds an entry that is not {role, seq}");
        if (good)
            view.media.push_back(
                {*role == "overview" ? MediaRole::overview : MediaRole::plate, seq->get<std::uint64_t>()});
    }
}

void parse_read(StrictJson& json, View& view) {
    constexpr double year_ms = 366.0 * 24 * 3600 * 1000;
    view.captured_at = json.time_us("captured_us");
    static_cast<void>(json.real("latency_ms", -100 * year_ms, 100 * year_ms));
    view.lane = json.text("lane", word_limit);
    view.direction = direction_from_string(json.text("direction", word_limit));
    view.text = json.text("text", word_limit);
    view.published = json.text("published", published_limit);
    view.raw = json.text("raw", word_limit);
    view.confidence = static_cast<float>(json.real("confidence", 0, 1));
    for (const nlohmann::json& value : json.list("characters", list_limit)) {
        json.check(value.is_number(), "characters", "holds something that is not a number");
        if (value.is_number()) view.characters.push_back(value.get<float>());
    }
    view.jurisdiction.code = json.text("jurisdiction", word_limit);
    view.jurisdiction.confidence = static_cast<float>(json.real("jurisdiction_confidence", 0, 1));
    parse_media(json, view);
}

void parse_verdict(StrictJson& json, View& view) {
    const auto authenticity = authenticity_from_string(json.text("authenticity", word_limit));
    const auto trust = key_trust_from_string(json.text("key_trust", word_limit));
    json.check(authenticity.has_value(), "authenticity", "is not a word of this protocol");
    const auto clock = clock_doubt_from_string(json.text("clock", word_limit));
    json.check(trust.has_value(), "key_trust", "is not a word of this protocol");
    json.check(clock.has_value(), "clock", "is not a word of this protocol");
    view.verdict = {authenticity.value_or(Authenticity::damaged), trust.value_or(KeyTrust::unchecked),
                    clock.value_or(ClockDoubt::none)};
    json.check(json.flag("good") == view.verdict.good(), "good", "contradicts the verdict");
}

}  // namespace

std::string describe(const Verdict& verdict) {
    std::string words = fmt::format("{}, {}", to_string(verdict.authenticity), to_string(verdict.key_trust));
    switch (verdict.clock) {
        case ClockDoubt::none:
            return words;
        case ClockDoubt::unset:
            return words + ", its clock is not set";
        case ClockDoubt::before_receipt:
            return words + ", its clock is behind";
        case ClockDoubt::after_receipt:
            break;
    }
    return words + ", its clock is ahead";
}

std::optional<double> View::latency_ms() const {
    if (!captured_at) return std::nullopt;
    return std::chrono::duration<double, std::milli>(received_at - *captured_at).count();
}

Packet to_packet(const View& view) {
    nlohmann::json header{{"v", view_version},
                          {"op", "view"},
                          {"time", to_iso8601(view.captured_at.value_or(view.received_at))},
                          {"device", view.device},
                          {"chain", to_string(view.chain)},
                          {"seq", view.seq},
                          {"kind", to_string(view.kind)},
                          {"received_us", view.received_at.time_since_epoch().count()},
                          {"authenticity", to_string(view.verdict.authenticity)},
                          {"key_trust", to_string(view.verdict.key_trust)},
                          {"clock", to_string(view.verdict.clock)},
                          {"good", view.verdict.good()},
                          {"verdict", describe(view.verdict)}};
    if (view.captured_at) add_read(header, view);
    return Packet{header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), {}};
}

Result<View> parse_view(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "view"));
    View view;
    json.begins(view_version, "view");
    static_cast<void>(json.text("time", word_limit));
    static_cast<void>(json.text("verdict", word_limit));
    view.device = json.text("device", max_device_name_bytes);
    const auto chain = chain_from_string(json.text("chain", word_limit));
    json.check(chain.has_value(), "chain", "is not 16 hex digits");
    view.chain = chain.value_or(ChainId{});
    view.seq = json.number("seq", 1, max_seq);
    const auto kind = item_kind_from_string(json.text("kind", word_limit));
    json.check(kind.has_value(), "kind", "is not a word of this protocol");
    view.kind = kind.value_or(ItemKind::read);
    view.received_at = json.time_us("received_us");
    parse_verdict(json, view);
    if (json.has("captured_us")) parse_read(json, view);
    TRY(json.finish());
    return view;
}

Packet to_packet(const Subscription& subscription) {
    const nlohmann::json header{{"v", subscription_version},
                                {"op", "subscribe"},
                                {"last", subscription.last},
                                {"purpose", subscription.purpose},
                                {"case", subscription.case_number}};
    return Packet{header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), {}};
}

Result<Subscription> parse_subscription(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "subscription"));
    json.begins(subscription_version, "subscribe");
    Subscription subscription;
    subscription.last = static_cast<std::uint32_t>(json.number("last", 0, max_last_views));
    subscription.purpose = json.text("purpose", max_purpose_bytes);
    subscription.case_number = json.text("case", max_purpose_bytes);
    TRY(json.finish());
    return subscription;
}

Packet refusal_packet(const std::string& reason) {
    const nlohmann::json header{
        {"v", subscription_version}, {"op", "refused"}, {"why", reason.substr(0, max_refusal_bytes)}};
    return Packet{header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), {}};
}

std::optional<std::string> parse_refusal(const Packet& packet) {
    auto json = StrictJson::parse(packet.header, "refusal");
    if (!json || json->text("op", word_limit) != "refused") return std::nullopt;
    static_cast<void>(json->number("v", 0, max_seq));
    std::string why = json->text("why", max_refusal_bytes);
    return json->finish() ? std::optional(std::move(why)) : std::nullopt;
}

}  // namespace portcullis
