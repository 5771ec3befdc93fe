#include "apps/portcullis/exposure_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view style =
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}"
    "table{border-collapse:collapse;margin:1em 0;width:100%}"
    "th,td{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}"
    "td.n{text-align:right}h1{font-size:1.5em}.big{font-size:1.3em}";

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char sign : text) {
        if (sign == '&')
            safe += "&amp;";
        else if (sign == '<')
            safe += "&lt;";
        else if (sign == '>')
            safe += "&gt;";
        else if (sign == '"')
            safe += "&quot;";
        else if (sign == '\'')
            safe += "&#39;";
        else
            safe += sign;
    }
    return safe;
}

std::string minute_text(UtcTime time) {
    constexpr std::size_t to_minutes = 16;
    std::string text = to_iso8601(time).substr(0, to_minutes);
    std::ranges::replace(text, 'T', ' ');
    return text;
}

std::string_view name_of(BreachKind kind) {
    switch (kind) {
        case BreachKind::key:
            return "key";
        case BreachKind::device:
            return "device";
        case BreachKind::account:
            return "account";
        case BreachKind::store_copy:
            return "store_copy";
        case BreachKind::host_copy:
            break;
    }
    return "host_copy";
}

std::string passages_text(std::uint64_t count) {
    return fmt::format("{} passage{}", count, count == 1 ? "" : "s");
}

}  // namespace

void ExposureReport::take(const StoredPassage& passage, const Exposure& exposure) {
    const auto day = std::chrono::floor<std::chrono::days>(passage.received);
    Sum& sum = sums_[{exposure.reason, passage.device, day}];
    if (sum.passages++ == 0) sum.first = sum.last = passage.received;
    sum.first = std::min(sum.first, passage.received);
    sum.last = std::max(sum.last, passage.received);
    if (exposure.pictures) ++sum.pictures;
    if (!is_exposed(exposure.reason)) {
        ++safe_;
        return;
    }
    ++exposed_;
    if (named_.size() < max_named_passages)
        named_.emplace_back(passage.device, passage.chain.bytes, passage.seq);
}

std::string ExposureReport::question() const {
    const std::string span =
        fmt::format("from {} to {} (UTC)", minute_text(breach_.since), minute_text(breach_.until));
    switch (breach_.kind) {
        case BreachKind::key:
            return fmt::format("Somebody has the recipient's key {}, {}.", breach_.subject, span);
        case BreachKind::device:
            return fmt::format("The device {} was in other hands, {}.", breach_.subject, span);
        case BreachKind::account:
            return fmt::format("Somebody acted as the account {}, {}.", breach_.subject, span);
        case BreachKind::store_copy:
            return fmt::format("Somebody has a copy of the collector's disk, taken {}.", span);
        case BreachKind::host_copy:
            break;
    }
    return fmt::format(
        "Somebody has a copy of the collector's and the opener's disks, key files included, taken {}.", span);
}

std::string ExposureReport::headline() const {
    if (exposed() == 0)
        return fmt::format("No passage could have been seen by it: {} were looked at.", passages_text(safe_));
    return fmt::format("{} could have been seen by it, {} could not.", passages_text(exposed()), safe_);
}

std::map<ExposureReason, ExposureReport::Sum> ExposureReport::by_reason() const {
    std::map<ExposureReason, Sum> reasons;
    for (const auto& [key, sum] : sums_) {
        Sum& all = reasons[std::get<ExposureReason>(key)];
        if (all.passages == 0) all = {0, 0, sum.first, sum.last};
        all.passages += sum.passages;
        all.pictures += sum.pictures;
        all.first = std::min(all.first, sum.first);
        all.last = std::max(all.last, sum.last);
    }
    return reasons;
}

std::string ExposureReport::table() const {
    std::string text = question() + "\n" + headline() + "\n";
    for (const auto& [reason, all] : by_reason()) {
        text += fmt::format("\n{}: {}{}, received {} to {}\n  {}\n",
                            is_exposed(reason) ? "COULD HAVE BEEN SEEN" : "could not",
                            passages_text(all.passages),
                            all.pictures > 0 ? fmt::format(" ({} with pictures)", all.pictures) : "",
                            minute_text(all.first), minute_text(all.last), meaning(reason));
        if (!is_exposed(reason)) continue;
        for (const auto& [key, sum] : sums_)
            if (std::get<ExposureReason>(key) == reason)
                text += fmt::format("  {:<32}  {}  {:>8}\n", std::get<std::string>(key),
                                    to_string(std::get<std::chrono::sys_days>(key)), sum.passages);
    }
    if (gone_ > 0)
        text += fmt::format("\nCOULD HAVE BEEN SEEN: {} that the store has no more\n", passages_text(gone_));
    for (const std::string& sentence : notes_)
        text += "\nNote: " + sentence + "\n";
    return text;
}

std::string ExposureReport::json() const {
    Json json{{"breach", name_of(breach_.kind)},
              {"subject", breach_.subject},
              {"since", to_iso8601(breach_.since)},
              {"until", to_iso8601(breach_.until)},
              {"exposed", exposed()},
              {"not_exposed", safe_},
              {"exposed_and_gone_from_the_store", gone_},
              {"groups", Json::array()},
              {"exposed_passages", Json::array()},
              {"exposed_not_listed", exposed_ - named_.size()},
              {"notes", notes_}};
    for (const auto& [key, sum] : sums_) {
        const auto& [reason, device, day] = key;
        json["groups"].push_back({{"exposed", is_exposed(reason)},
                                  {"reason", to_string(reason)},
                                  {"means", meaning(reason)},
                                  {"device", device},
                                  {"day", to_string(day)},
                                  {"passages", sum.passages},
                                  {"with_pictures", sum.pictures}});
    }
    for (const auto& [device, chain, seq] : named_)
        json["exposed_passages"].push_back(
            {{"device", device}, {"chain", to_string(ChainId{chain})}, {"seq", seq}});
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ExposureReport::html(UtcTime made) const {
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>What could have been "
        "seen</title>\n<style>{}</style></head><body>\n<h1>What could have been seen</h1>\n<p>{}</p>\n"
        "<p class=\"big\"><strong>{}</strong></p>\n",
        style, escaped(question()), escaped(headline()));
    page +=
        "<p>A passage is one vehicle passing one camera once: its plate, the time, and pictures where they "
        "are "
        "kept. Days are those on which it reached the collector, UTC.</p>\n"
        "<h2>Why</h2>\n<table><tr><th>Passages</th><th>With pictures</th><th>Could have been "
        "seen?</th><th>Why</th></tr>\n";
    for (const auto& [reason, all] : by_reason())
        page += fmt::format("<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>\n",
                            all.passages, all.pictures, is_exposed(reason) ? "<strong>yes</strong>" : "no",
                            escaped(meaning(reason)));
    if (gone_ > 0)
        page += fmt::format(
            "<tr><td class=\"n\">{}</td><td></td><td><strong>yes</strong></td><td>The audit log "
            "says that it was opened; the store has it no more.</td></tr>\n",
            gone_);
    page += "</table>\n";
    if (exposed_ > 0) {
        page += "<h2>Where and when</h2>\n<table><tr><th>Device</th><th>Day</th><th>Passages</th></tr>\n";
        std::map<std::pair<std::string, std::chrono::sys_days>, std::uint64_t> days;
        for (const auto& [key, sum] : sums_)
            if (is_exposed(std::get<ExposureReason>(key)))
                days[{std::get<std::string>(key), std::get<std::chrono::sys_days>(key)}] += sum.passages;
        for (const auto& [place, count] : days)
            page += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>\n",
                                escaped(place.first), to_string(place.second), count);
        page += "</table>\n";
    }
    if (!notes_.empty()) page += "<h2>What to know</h2>\n<ul>\n";
    for (const std::string& sentence : notes_)
        page += fmt::format("<li>{}</li>\n", escaped(sentence));
    if (!notes_.empty()) page += "</ul>\n";
    return page +
           fmt::format(
               "<p>Made {} (UTC) by portcullis audit exposure, from the collector's store, audit log and key "
               "records; nothing was opened for it.</p>\n</body></html>\n",
               minute_text(made));
}

}  // namespace portcullis
