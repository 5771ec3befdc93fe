// The texts of a retention schedule, of a destruction by it, and what a person writes as a span of time.

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "record/destruction_codec.hpp"
#include "record/retention_codec.hpp"

using namespace portcullis;

namespace {

/// What every schedule promises that anybody takes.
void check_promises(const RetentionSchedule& schedule) {
    for (const RetentionRule& rule : schedule.rules) {
        PORTCULLIS_ASSERT(schedule.find(rule.fleet, rule.purpose) == &rule);
        PORTCULLIS_ASSERT(rule.epoch >= std::chrono::minutes(1) && rule.keep >= std::chrono::minutes(0));
        PORTCULLIS_ASSERT(rule.due(EpochStart()) > UtcTime());
        PORTCULLIS_ASSERT(span_from_text(span_text(rule.keep)) == rule.keep);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(fuzz::input_bytes(data, size));
    if (const auto span = span_from_text(text)) PORTCULLIS_ASSERT(span_from_text(span_text(*span)) == span);
    if (const auto epoch = epoch_from_string(text)) PORTCULLIS_ASSERT(to_string(*epoch) == text);
    if (const auto said = parse_destruction(text))
        PORTCULLIS_ASSERT(fuzz::must(encode_destruction(*said)) == text);
    const Result<RetentionSchedule> schedule = parse_retention(text);
    if (!schedule) return 0;
    PORTCULLIS_ASSERT(fuzz::must(encode_retention(*schedule)) == text);
    check_promises(*schedule);
    return 0;
}
