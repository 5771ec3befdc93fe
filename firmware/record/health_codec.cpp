#include "record/health_codec.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::size_t max_word_bytes = 16;
constexpr std::size_t max_digest_letters = 64;
constexpr float most_frames = 10'000;  // a second
constexpr float most_celsius = 200;
constexpr float most_offset_ms = 1'000'000;
constexpr std::uint64_t most_steps = 99;
constexpr std::uint64_t max_span = 1'000'000'000'000;  // of the clock's error and holdover

bool is_version(std::string_view text) {
    return text.size() <= max_version_bytes && std::ranges::all_of(text, [](char letter) {
               return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                      (letter >= 'A' && letter <= 'Z') || letter == '.' || letter == '+' || letter == '~' ||
                      letter == '-';
           });
}

bool is_digest(std::string_view text) {
    return text.size() <= max_digest_letters && std::ranges::all_of(text, [](char letter) {
               return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
           });
}

void write_count(CanonicalWriter& out, std::string_view key, std::string_view field, std::uint64_t count) {
    out.literal(key).integer(field, count);
}

void write_coarse(CanonicalWriter& out, std::string_view key, std::string_view field, std::uint64_t count) {
    if (count % coarse_step != 0) out.reject(field, "must be coarse");
    write_count(out, key, field, count);
}

void write_flag(CanonicalWriter& out, std::string_view key, bool flag) {
    out.literal(key).literal(flag ? "1" : "0");
}

std::uint64_t not_negative(std::int64_t value, CanonicalWriter& out, std::string_view field) {
    if (value < 0) out.reject(field, "must not be negative");
    return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

void write_clock(CanonicalWriter& out, const HealthReport& report) {
    const ClockState& clock = report.clock;
    out.literal(R"(,"clk":")").literal(to_string(clock.quality)).literal("\"");
    if (clock.quality == ClockQuality::holdover)
        write_count(out, R"(,"hold":)", "hold", not_negative(clock.holdover.count(), out, "hold"));
    else if (clock.holdover.count() != 0)
        out.reject("hold", "must be 0 unless clk is holdover");
    if (clock.error) write_count(out, R"(,"err":)", "err", not_negative(clock.error->count(), out, "err"));
    out.literal(R"(,"off":)").decimal("off", report.clock_offset_ms, 3, -most_offset_ms, most_offset_ms);
    write_count(out, R"(,"clk_steps":)", "clk_steps", report.clock_steps);
}

std::uint64_t read_count(CanonicalReader& in, std::string_view key, std::string_view field) {
    in.literal(key);
    return in.integer(field);
}

bool read_flag(CanonicalReader& in, std::string_view key, std::string_view field) {
    const std::uint64_t flag = read_count(in, key, field);
    if (flag > 1) in.fault(field);
    return flag == 1;
}

std::int64_t read_span(CanonicalReader& in, std::string_view key, std::string_view field) {
    const std::uint64_t span = read_count(in, key, field);
    if (span > max_span) in.fault(field);
    return static_cast<std::int64_t>(std::min(span, max_span));
}

std::optional<float> read_if_there(CanonicalReader& in, std::string_view key, std::string_view field) {
    if (!in.next_is(key)) return std::nullopt;
    in.literal(key);
    return in.decimal(field, 1);
}

void read_clock(CanonicalReader& in, HealthReport& report) {
    in.literal(R"(,"clk":)");
    const auto quality = clock_quality_from_string(in.text("clk", max_word_bytes));
    if (!quality) in.fault("clk");
    report.clock.quality = quality.value_or(ClockQuality::none);
    if (report.clock.quality == ClockQuality::holdover)
        report.clock.holdover = std::chrono::seconds(read_span(in, R"(,"hold":)", "hold"));
    if (in.next_is(R"(,"err":)")) report.clock.error = milliseconds(read_span(in, R"(,"err":)", "err"));
    in.literal(R"(,"off":)");
    report.clock_offset_ms = in.decimal("off", 3);
    report.clock_steps = read_count(in, R"(,"clk_steps":)", "clk_steps");
}

HealthReport read_report(CanonicalReader& in) {
    HealthReport report;
    in.literal(R"("up":)");
    report.uptime = std::chrono::seconds(static_cast<std::int64_t>(in.integer("up")));
    in.literal(R"(,"fw":)");
    report.firmware = in.text("fw", max_version_bytes);
    in.literal(R"(,"model":)");
    report.model = in.text("model", max_digest_letters);
    in.literal(R"(,"fps":)");
    report.frames_per_second = in.decimal("fps", 1);
    report.frames = read_count(in, R"(,"frames":)", "frames");
    report.frames_dropped = read_count(in, R"(,"dropped":)", "dropped");
    report.frames_spared = read_count(in, R"(,"spared":)", "spared");
    report.pictures_broken = read_count(in, R"(,"broken":)", "broken");
    report.passages = read_count(in, R"(,"passages":)", "passages");
    report.records = read_count(in, R"(,"records":)", "records");
    report.unread = read_count(in, R"(,"unread":)", "unread");
    report.records_lost = read_count(in, R"(,"lost":)", "lost");
    report.celsius = read_if_there(in, R"(,"celsius":)", "celsius");
    report.memory_stall_percent = read_if_there(in, R"(,"memory_stall":)", "memory_stall");
    read_clock(in, report);
    report.camera_lost = read_flag(in, R"(,"camera_lost":)", "camera_lost");
    report.spool_trouble = read_flag(in, R"(,"spool_trouble":)", "spool_trouble");
    report.trigger_trouble = read_flag(in, R"(,"trigger_trouble":)", "trigger_trouble");
    report.light_trouble = read_flag(in, R"(,"light_trouble":)", "light_trouble");
    const std::uint64_t step = read_count(in, R"(,"rate_step":)", "rate_step");
    if (step > most_steps) in.fault("rate_step");
    report.rate_step = static_cast<int>(std::min(step, most_steps));
    in.literal(R"(,"rate_reason":)");
    const auto reason = rate_reason_from_string(in.text("rate_reason", max_word_bytes));
    if (!reason) in.fault("rate_reason");
    report.rate_reason = reason.value_or(RateReason::none);
    return report;
}

/// The writer has the last word: ranges and second spellings.
template <class Value>
Result<Value> confirm(CanonicalReader& in, std::string_view json, const Value& value,
                      Result<std::string> (*encode)(const Value&)) {
    TRY(in.done());
    const Result<std::string> again = encode(value);
    if (!again || *again != json) return fail(ErrorCode::refused, "record: the health text is not canonical");
    return value;
}

}  // namespace

void write_report(CanonicalWriter& out, const HealthReport& report) {
    if (!is_version(report.firmware)) out.reject("fw", "must be a version");
    if (!is_digest(report.model)) out.reject("model", "must be hex");
    write_count(out, R"("up":)", "up", not_negative(report.uptime.count(), out, "up"));
    out.literal(R"(,"fw":)").text("fw", report.firmware, max_version_bytes);
    out.literal(R"(,"model":)").text("model", report.model, max_digest_letters);
    out.literal(R"(,"fps":)").decimal("fps", report.frames_per_second, 1, 0, most_frames);
    write_count(out, R"(,"frames":)", "frames", report.frames);
    write_count(out, R"(,"dropped":)", "dropped", report.frames_dropped);
    write_count(out, R"(,"spared":)", "spared", report.frames_spared);
    write_count(out, R"(,"broken":)", "broken", report.pictures_broken);
    write_coarse(out, R"(,"passages":)", "passages", report.passages);
    write_coarse(out, R"(,"records":)", "records", report.records);
    write_coarse(out, R"(,"unread":)", "unread", report.unread);
    write_count(out, R"(,"lost":)", "lost", report.records_lost);
    if (report.celsius)
        out.literal(R"(,"celsius":)").decimal("celsius", *report.celsius, 1, -most_celsius, most_celsius);
    if (report.memory_stall_percent)
        out.literal(R"(,"memory_stall":)").decimal("memory_stall", *report.memory_stall_percent, 1, 0, 100);
    write_clock(out, report);
    write_flag(out, R"(,"camera_lost":)", report.camera_lost);
    write_flag(out, R"(,"spool_trouble":)", report.spool_trouble);
    write_flag(out, R"(,"trigger_trouble":)", report.trigger_trouble);
    write_flag(out, R"(,"light_trouble":)", report.light_trouble);
    write_count(out, R"(,"rate_step":)", "rate_step", not_negative(report.rate_step, out, "rate_step"));
    out.literal(R"(,"rate_reason":")").literal(to_string(report.rate_reason)).literal("\"");
}

Result<std::string> encode_note(const HealthNote& note) {
    CanonicalWriter out(max_health_bytes);
    out.literal(R"({"v":1,"kind":"note","made":)").time("made", note.made.time_since_epoch()).literal(",");
    write_report(out, note.report);
    out.literal("}");
    return std::move(out).finish();
}

Result<HealthNote> parse_note(std::string_view json) {
    CanonicalReader in(json.substr(0, max_health_bytes));
    HealthNote note;
    in.literal(R"({"v":1,"kind":"note","made":)");
    note.made = BootTime(in.time("made"));
    in.literal(",");
    note.report = read_report(in);
    in.literal("}");
    return confirm(in, json, note, &encode_note);
}

Result<std::string> encode_health(const HealthStatement& health) {
    CanonicalWriter out(max_statement_bytes);
    if (!is_device_name(health.device)) out.reject("dev", "must be a device name");
    out.literal(R"({"v":1,"kind":"health","dev":)").text("dev", health.device, max_device_name_bytes);
    out.literal(R"(,"chain":)").hex(health.chain.bytes).literal(",");
    write_report(out, health.report);
    out.literal(R"(,"last":)").integer("last", health.last);
    out.literal(R"(,"link":)").hex(health.link);
    out.literal(R"(,"t":)").time("t", health.time.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<HealthStatement> parse_health(std::string_view json) {
    CanonicalReader in(json.substr(0, max_statement_bytes));
    HealthStatement health;
    in.literal(R"({"v":1,"kind":"health","dev":)");
    health.device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"chain":)");
    health.chain = in.chain("chain");
    in.literal(",");
    health.report = read_report(in);
    in.literal(R"(,"last":)");
    health.last = in.integer("last");
    in.literal(R"(,"link":)");
    health.link = in.digest("link");
    in.literal(R"(,"t":)");
    health.time = UtcTime(in.time("t"));
    in.literal("}");
    return confirm(in, json, health, &encode_health);
}

}  // namespace portcullis
