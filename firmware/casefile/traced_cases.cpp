#include "casefile/traced_cases.hpp"

#include <nlohmann/json.hpp>

#include "record/canonical.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::json;

constexpr std::size_t page_rows = 1000;

std::string word(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return {};
    return to_plain_text(found->get<std::string>(), max_case_word_bytes);
}

void take_canaries(const Json& told, TracedCase& traced) {
    traced.recipient = word(told, "recipient");
    traced.recipient_key = word(told, "recipient_key");
    const auto canaries = told.find("canaries");
    if (canaries == told.end() || !canaries->is_array()) return;
    for (const Json& canary : *canaries)
        if (canary.is_object() && traced.canaries.size() < max_canaries)
            traced.canaries.push_back({word(canary, "plate"), {}});
}

Result<void> open_into(TracedCase& traced, const AuditRow& row, const RecipientKey& auditor) {
    auto text = open_envelope(auditor, row.asked);
    if (!text)
        return fail(ErrorCode::refused, "entry {}: {}; is --key the auditor's of that time?", row.number,
                    text.error().message());
    const Cleanse cleanse(*text);
    const Json told = Json::parse(as_text(*text), nullptr, false);
    if (told.is_object()) take_canaries(told, traced);
    return {};
}

class Walk {
  public:
    explicit Walk(const RecipientKey* auditor) : auditor_(auditor) {}

    Result<void> take(const AuditRow& row) {
        const Result<AuditEntry> entry = parse_audit_entry(row.text);
        if (!entry || entry->access.verdict != AccessVerdict::granted) return {};
        const Access& access = entry->access;
        if (access.what == makes_case) {
            TracedCase& begun = begun_[access.chain.bytes];
            begun.id = access.chain;
            begun.who = access.who;
            begun.case_number = access.case_number;
            begun.made = entry->time;
        }
        if (access.what == approves_case) begun_[access.chain.bytes].approved_by = access.who;
        if (access.what != marks_case) return {};
        TracedCase traced = begun_[access.chain.bytes];
        if (auditor_ != nullptr) TRY(open_into(traced, row, *auditor_));
        made_.push_back(std::move(traced));
        return {};
    }
    std::vector<TracedCase> made() && { return std::move(made_); }

  private:
    const RecipientKey* auditor_;
    std::map<std::array<std::byte, 8>, TracedCase> begun_;  // by id
    std::vector<TracedCase> made_;
};

}  // namespace

Result<std::vector<TracedCase>> traced_cases(AuditLog& log, const RecipientKey* auditor) {
    Walk walk(auditor);
    for (std::uint64_t after = 0;;) {
        const std::vector<AuditRow> rows = TRY(log.rows(after, page_rows));
        if (rows.empty()) return std::move(walk).made();
        for (const AuditRow& row : rows)
            TRY(walk.take(row));
        after = rows.back().number;
    }
}

}  // namespace portcullis
