#include "apps/portcullis/audit_report.hpp"

#include <nlohmann/json.hpp>

#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

/// More are not listed: ask for a case, an account or a day.
constexpr std::size_t max_lines = 1'000'000;

std::string words_of(const RecipientKey* auditor, ByteView asked) {
    if (asked.empty()) return {};
    if (auditor == nullptr) return "(sealed)";
    Result<Bytes> text = open_envelope(*auditor, asked);
    if (!text) return "(sealed to another auditor, or changed)";
    const Cleanse cleanse(*text);
    std::string words = to_plain_text(as_text(*text), text->size());
    words.erase(words.find_last_not_of(' ') + 1);
    return words;
}

std::string item_of(const Access& access) {
    if (access.what == destroys_keys) return "epoch " + access.device;
    const bool adopts = access.what == adopts_policy || access.what == adopts_retention;
    if (adopts && access.seq > 0) return fmt::format("version {}", access.seq);
    const bool of_hold =
        access.what == holds_reads || access.what == records_hold || access.what == releases_hold;
    if (access.device.empty() && access.chain != ChainId())
        return fmt::format("{} {}", of_hold ? "hold" : "case file", to_string(access.chain));
    if (access.device.empty()) return "-";
    return fmt::format("{}/{}/{}", access.device, to_string(access.chain), access.seq);
}

Json to_json(const AuditListing::Line& line) {
    const Access& access = line.entry.access;
    return {{"entry", line.entry.number},
            {"time", to_iso8601(line.entry.time)},
            {"who", access.who},
            {"uid", access.uid},
            {"via", access.via},
            {"role", access.role},
            {"purpose", access.purpose},
            {"case", access.case_number},
            {"what", access.what},
            {"device", access.device},
            {"chain", to_string(access.chain)},
            {"seq", access.seq},
            {"count", access.count},
            {"verdict", to_string(access.verdict)},
            {"asked", line.asked}};
}

}  // namespace

Result<void> AuditFilter::check() const {
    for (const std::string& day : {since, until})
        if (!day.empty() && !day_from_string(day))
            return fail(ErrorCode::configuration, "--since, --until '{}': write a day, as 2026-11-25", day);
    return {};
}

bool AuditFilter::wants(const AuditEntry& entry) const {
    const Access& access = entry.access;
    const auto fits = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    const auto first = day_from_string(since);
    const auto last = day_from_string(until);
    return fits(who, access.who) && fits(purpose, access.purpose) && fits(case_number, access.case_number) &&
           fits(device, access.device) && (!first || entry.time >= UtcTime(*first)) &&
           (!last || entry.time < UtcTime(*last + std::chrono::days(1)));
}

void AuditListing::take(const AuditEntry& entry, ByteView asked) {
    if (!filter_.wants(entry)) return;
    if (entry.access.verdict == AccessVerdict::granted && entry.access.opens())
        sums_[{entry.access.who, entry.access.purpose}] += entry.access.count;
    if (lines_.size() < max_lines) lines_.push_back({entry, words_of(auditor_, asked)});
}

std::string AuditListing::table() const {
    std::string text;
    for (const Line& line : lines_) {
        const Access& access = line.entry.access;
        text +=
            fmt::format("{:>8}  {}  {:<16}  {:<7}  {:<8} {:>4}  {:<16}  {:<16}  {}{}{}\n", line.entry.number,
                        to_iso8601(line.entry.time), access.who, to_string(access.verdict), access.what,
                        access.count, access.purpose, access.case_number, item_of(access),
                        access.via.empty() ? "" : "  via " + access.via,
                        line.asked.empty() ? "" : "  asked: " + line.asked);
    }
    for (const auto& [key, count] : sums_)
        text += fmt::format("{} opened for {}: {}\n", key.first, key.second, count);
    return text;
}

std::string to_json(const AuditReport& report, const AuditListing* listing,
                    const DestructionCheck* destructions) {
    const bool doubt = destructions != nullptr && !destructions->doubts().empty();
    Json json{{"in_order", report.in_order() && !doubt},
              {"log", to_string(report.log)},
              {"entries", report.entries},
              {"opened", report.granted},
              {"refused", report.refused},
              {"witnessed", report.witnessed},
              {"witnessed_at", report.witnessed_at ? Json(to_iso8601(*report.witnessed_at)) : Json()},
              {"witness_age_s", report.witnessed_at ? Json(report.witness_age.count()) : Json()},
              {"waiting", report.waiting},
              {"waits_s", report.waits.count()},
              {"statements", report.statements},
              {"findings", Json::array()},
              {"more_findings", report.more_findings}};
    for (const AuditFinding& finding : report.findings)
        json["findings"].push_back({{"finding", to_string(finding.fault)},
                                    {"doubt", is_doubt(finding.fault)},
                                    {"first", finding.first},
                                    {"last", finding.last},
                                    {"means", meaning(finding.fault)}});
    if (destructions != nullptr)
        json["destructions"] = {{"destroyed", destructions->destroyed()}, {"doubts", destructions->doubts()}};
    if (listing == nullptr) return json.dump(2) + "\n";
    json["log_entries"] = Json::array();
    for (const AuditListing::Line& line : listing->lines())
        json["log_entries"].push_back(to_json(line));
    json["sums"] = Json::array();
    for (const auto& [key, count] : listing->sums())
        json["sums"].push_back({{"who", key.first}, {"purpose", key.second}, {"opened", count}});
    return json.dump(2) + "\n";
}

}  // namespace portcullis
