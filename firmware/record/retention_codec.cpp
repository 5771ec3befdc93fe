#include "record/retention_codec.hpp"

#include <tuple>

#include "record/canonical_list.hpp"
#include "record/payload.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t purpose_bytes = 16;
constexpr std::chrono::minutes day = std::chrono::days(1);

Failure wrong(const RetentionRule& rule, std::string_view what) {
    return fail(ErrorCode::invalid_argument, "retention schedule: {} of '{}': {}", to_string(rule.purpose),
                to_plain_text(rule.fleet, max_name_bytes), what);
}

Result<void> check_rule(const RetentionRule& rule) {
    if (rule.fleet.empty() || !is_plain_text(rule.fleet, max_name_bytes))
        return fail(ErrorCode::invalid_argument, "retention schedule: a fleet's name is 1 to {} letters",
                    max_name_bytes);
    if (rule.epoch < std::chrono::minutes(1) || rule.epoch > max_epoch_length)
        return wrong(rule, "an epoch is 1 minute to 366 days long");
    // So that epochs begin at the same times of each day, and a new rule finds the old ones' ends.
    if (rule.epoch < day ? day % rule.epoch != std::chrono::minutes(0)
                         : rule.epoch % day != std::chrono::minutes(0))
        return wrong(rule, "an epoch divides a day or is of whole days: 10 minutes, 6 hours, 7 days");
    if (rule.keep < std::chrono::minutes(0) || rule.keep > max_retention_keep)
        return wrong(rule, "a key is kept for 0 minutes to 40 years after its epoch");
    return {};
}

void write_rule(CanonicalWriter& out, const RetentionRule& rule) {
    out.literal(R"({"fleet":)").text("fleet", rule.fleet, max_name_bytes);
    out.literal(R"(,"purpose":)").text("purpose", to_string(rule.purpose), purpose_bytes);
    out.literal(R"(,"epoch":)").integer("epoch", static_cast<std::uint64_t>(rule.epoch.count()));
    out.literal(R"(,"keep":)").integer("keep", static_cast<std::uint64_t>(rule.keep.count())).literal("}");
}

std::chrono::minutes read_span(CanonicalReader& in, std::string_view field) {
    const std::uint64_t count = in.integer(field);
    const auto most = static_cast<std::uint64_t>(std::chrono::minutes(max_retention_keep).count());
    if (count > most) in.fault(field);
    return std::chrono::minutes(static_cast<std::int64_t>(std::min(count, most)));
}

RetentionRule read_rule(CanonicalReader& in) {
    RetentionRule rule;
    in.literal(R"({"fleet":)");
    rule.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"purpose":)");
    const auto purpose = purpose_from_string(in.text("purpose", purpose_bytes));
    if (!purpose) in.fault("purpose");
    rule.purpose = purpose.value_or(Purpose::read);
    in.literal(R"(,"epoch":)");
    rule.epoch = read_span(in, "epoch");
    in.literal(R"(,"keep":)");
    rule.keep = read_span(in, "keep");
    in.literal("}");
    return rule;
}

}  // namespace

Result<void> check_retention(const RetentionSchedule& schedule) {
    if (schedule.version == 0 || schedule.version > max_json_integer)
        return fail(ErrorCode::invalid_argument, "retention schedule: version: must be from 1");
    if (schedule.issued < UtcTime())
        return fail(ErrorCode::invalid_argument, "retention schedule: t: must not be before 1970");
    if (schedule.rules.empty() || schedule.rules.size() > max_retention_rules)
        return fail(ErrorCode::invalid_argument, "retention schedule: {} rules; write 1 to {}",
                    schedule.rules.size(), max_retention_rules);
    for (std::size_t i = 0; i < schedule.rules.size(); ++i) {
        const RetentionRule& rule = schedule.rules[i];
        TRY(check_rule(rule));
        if (i == 0) continue;
        const RetentionRule& before = schedule.rules[i - 1];
        if (std::tie(before.fleet, before.purpose) >= std::tie(rule.fleet, rule.purpose))
            return wrong(rule, "stands twice, or not in its order by fleet and purpose; keep one");
    }
    return {};
}

Result<std::string> encode_retention(const RetentionSchedule& schedule) {
    TRY(check_retention(schedule));
    CanonicalWriter out(4096);
    out.literal(R"({"v":1,"kind":"retention","version":)").integer("version", schedule.version);
    out.literal(R"(,"t":)").time("t", schedule.issued.time_since_epoch()).literal(R"(,"rules":)");
    write_list(out, schedule.rules, [&out](const RetentionRule& rule) { write_rule(out, rule); });
    out.literal("}");
    return std::move(out).finish();
}

Result<RetentionSchedule> parse_retention(std::string_view json) {
    CanonicalReader in(json.substr(0, max_retention_text_bytes));
    RetentionSchedule schedule;
    in.literal(R"({"v":1,"kind":"retention","version":)");
    schedule.version = in.integer("version");
    in.literal(R"(,"t":)");
    schedule.issued = UtcTime(in.time("t"));
    in.literal(R"(,"rules":)");
    schedule.rules =
        read_list<RetentionRule>(in, "rules", max_retention_rules, [&in] { return read_rule(in); });
    TRY(with_context(in.literal("}").done(), "retention schedule"));
    return written_alike(std::move(schedule), json, "retention schedule", &encode_retention);
}

}  // namespace portcullis
