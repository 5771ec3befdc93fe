#include "apps/portcullis/audit_trace.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "casefile/traced_cases.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_copy_bytes = std::size_t{512} << 20;

Json to_json(const TracedCase& traced, const TraceHit& hit) {
    return {{"case_file", to_string(traced.id)},
            {"recipient", traced.recipient},
            {"recipient_key", traced.recipient_key},
            {"case", traced.case_number},
            {"asked_by", traced.who},
            {"approved_by", traced.approved_by},
            {"made", to_iso8601(traced.made)},
            {"id_found", hit.id},
            {"canaries_found", hit.canaries.size()},
            {"canaries", traced.canaries.size()}};
}

void print(const TracedCase& traced, const TraceHit& hit) {
    std::cout << fmt::format(
        "case file {}, made {} for {}\n  case {}, asked by {}, approved by {}\n  found: {}{} of its {} "
        "canaries\n",
        to_string(traced.id), to_iso8601(traced.made),
        traced.recipient.empty() ? "(sealed to the auditor: give --key)" : traced.recipient,
        traced.case_number, traced.who, traced.approved_by, hit.id ? "its id, " : "", hit.canaries.size(),
        traced.canaries.size());
}

Result<std::string> copy_of(const TraceOptions& options) {
    auto text = read_text_file(options.copy, max_copy_bytes);
    if (text) return text;
    const bool large = text.error().code() == ErrorCode::exhausted;
    return fail(ErrorCode::configuration, "{}{}", text.error().message(),
                large ? "; cut it into pieces, a row each whole" : "; name the copy that turned up");
}

}  // namespace

Result<int> trace_copy(const TraceOptions& options) {
    std::optional<RecipientKey> auditor;
    if (!options.key.empty()) auditor = TRY(load_recipient({options.key, options.certificate}));
    const std::string copy = TRY(copy_of(options));
    AuditLog log = TRY(AuditLog::read_only(options.log));
    const LeakTrace trace(TRY(traced_cases(log, auditor ? &*auditor : nullptr)));
    const std::vector<TraceHit> hits = trace.find(copy);
    Json named = Json::array();
    for (const TraceHit& hit : hits) {
        if (!options.json) print(trace.cases()[hit.traced], hit);
        named.push_back(to_json(trace.cases()[hit.traced], hit));
    }
    if (options.json)
        std::cout << Json{{"case_files", trace.cases().size()}, {"named", named}}.dump(2) << "\n";
    else if (hits.empty())
        std::cout << fmt::format("none of {} case files is named by {}{}\n", trace.cases().size(),
                                 options.copy.string(),
                                 auditor ? "" : "; without --key only ids are looked for, no canaries");
    return hits.empty() ? 1 : 0;
}

}  // namespace portcullis
