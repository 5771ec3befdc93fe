#include "forward/webhook.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace portcullis {

namespace {

using nlohmann::json;

/// Three decimals of a float in [0,1], as a double that prints as such; per hundred: one decimal of it.
double share(float value) {
    return std::round(static_cast<double>(value) * 1000) / 1000;
}
double per_hundred(float value) {
    return std::round(static_cast<double>(value) * 1000) / 10;
}

/// Plates and codes are ASCII where they have letters of two cases.
std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

bool knows_jurisdiction(const View& view) {
    return !view.jurisdiction.code.empty() && view.jurisdiction.code != Jurisdiction{}.code;
}

json our_verdict(const Verdict& verdict) {
    return {{"authenticity", to_string(verdict.authenticity)},
            {"key_trust", to_string(verdict.key_trust)},
            {"clock", to_string(verdict.clock)},
            {"good", verdict.good()},
            {"words", describe(verdict)}};
}

json our_plate(const View& view) {
    json characters = json::array();
    for (const float confidence : view.characters)
        characters.push_back(share(confidence));
    return {{"text", view.text},
            {"published", view.published},
            {"raw", view.raw},
            {"confidence", share(view.confidence)},
            {"characters", std::move(characters)}};
}

json our_words(const View& view) {
    json media = json::array();
    for (const ViewMedia& item : view.media)
        media.push_back({{"role", to_string(item.role)}, {"seq", item.seq}});
    return {{"schema", "portcullis.read"},
            {"version", webhook_version},
            {"id", delivery_id(view)},
            {"device", view.device},
            {"chain", to_string(view.chain)},
            {"seq", view.seq},
            {"kind", to_string(view.kind)},
            {"captured_at", to_iso8601(*view.captured_at)},
            {"received_at", to_iso8601(view.received_at)},
            {"latency_ms", std::round(*view.latency_ms() * 1000) / 1000},
            {"verdict", our_verdict(view.verdict)},
            {"lane", view.lane},
            {"direction", to_string(view.direction)},
            {"plate", our_plate(view)},
            {"jurisdiction",
             {{"code", view.jurisdiction.code}, {"confidence", share(view.jurisdiction.confidence)}}},
            {"media", std::move(media)}};
}

/// OpenALPR's camera ids are numbers that its agents make up, its directions are degrees, its countries are
/// those that it was set to look for: we have none of them.
json openalpr_words(const View& view) {
    const auto time_ms = std::chrono::floor<milliseconds>(*view.captured_at).time_since_epoch().count();
    json candidates = json::array();
    if (!view.text.empty())
        candidates.push_back({{"plate", view.text}, {"confidence", per_hundred(view.confidence)}});
    json plate{
        {"plate", view.text}, {"confidence", per_hundred(view.confidence)}, {"candidates", candidates}};
    json group{
        {"data_type", "alpr_group"},
        {"version", 2},
        {"epoch_start", time_ms},
        {"epoch_end", time_ms},
        {"agent_uid", view.device},
        {"agent_type", "portcullis"},
        {"web_server_config",
         {{"agent_label", view.device}, {"camera_label", view.lane.empty() ? view.device : view.lane}}},
        {"uuids", {delivery_id(view)}},
        {"best_uuid", delivery_id(view)},
        {"best_uuid_epoch_ms", time_ms},
        {"best_plate_number", view.text},
        {"best_confidence", per_hundred(view.confidence)},
        {"candidates", std::move(candidates)},
        {"is_preview", false}};  // a preview is a group that goes on: a read has ended
    if (knows_jurisdiction(view)) {
        const std::string region = lower_case(view.jurisdiction.code);
        plate["region"] = group["best_region"] = region;
        plate["region_confidence"] = group["best_region_confidence"] =
            per_hundred(view.jurisdiction.confidence);
    }
    group["best_plate"] = std::move(plate);
    return group;
}

/// Its directions are degrees as well, and its boxes are pixels of a picture that we do not send.
json platerecognizer_words(const std::string& hook, const std::string& url, const View& view) {
    json results = json::array();
    if (!view.text.empty()) {
        const std::string plate = lower_case(view.text);
        const double score = share(view.confidence);
        json result{{"plate", plate},
                    {"score", score},
                    {"candidates", {{{"plate", plate}, {"score", score}}}},
                    {"direction", nullptr}};
        if (knows_jurisdiction(view))
            result["region"] = {{"code", lower_case(view.jurisdiction.code)},
                                {"score", share(view.jurisdiction.confidence)}};
        results.push_back(std::move(result));
    }
    const std::string time = to_iso8601(*view.captured_at);
    return {{"hook", {{"target", url}, {"id", hook}, {"event", "recognition"}}},
            {"data",
             {{"camera_id", view.lane.empty() ? view.device : view.device + "/" + view.lane},
              {"timestamp", time},
              {"results", std::move(results)}}}};
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(3 * text.size());  // never grown: no copy of it is left behind
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
        if (plain) {
            encoded += letter;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

json words_of(const HookSettings& hook, const View& view) {
    switch (hook.shape) {
        case HookShape::portcullis:
            return our_words(view);
        case HookShape::openalpr:
            return openalpr_words(view);
        case HookShape::platerecognizer:
            break;
    }
    return platerecognizer_words(hook.name, hook.url, view);
}

}  // namespace

std::string delivery_id(const View& view) {
    return fmt::format("{}/{}/{}", view.device, to_string(view.chain), view.seq);
}

bool is_told(const HookSettings& hook, const View& view) {
    if (view.kind != ItemKind::read || !view.captured_at) return false;
    if (view.text.empty() ? !hook.unread : static_cast<double>(view.confidence) < hook.min_confidence)
        return false;
    return std::ranges::any_of(hook.devices, [&view](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), view.device.c_str(), 0) == 0;
    });
}

WebhookBody webhook_body(const HookSettings& hook, const View& view) {
    std::string text = words_of(hook, view).dump(-1, ' ', false, json::error_handler_t::replace);
    if (!hook.form) return {"application/json", std::move(text)};
    return {"application/x-www-form-urlencoded", "json=" + percent_encoded(text)};
}

}  // namespace portcullis
