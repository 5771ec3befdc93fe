#include "record/health_codec.hpp"

#include <algorithm>

namespace portcullis {

namespace {

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

std::int64_t read_span(ObjectReader& in, std::string_view key) {
    return static_cast<std::int64_t>(in.integer(key, max_span));
}

void read_clock(ObjectReader& in, HealthReport& report) {
    report.clock.quality = in.word("clk", &clock_quality_from_string);
    if (report.clock.quality == ClockQuality::holdover)
        report.clock.holdover = std::chrono::seconds(read_span(in, "hold"));
    if (in.has("err")) report.clock.error = milliseconds(read_span(in, "err"));
    report.clock_offset_ms = in.decimal("off", 3);
    report.clock_steps = in.integer("clk_steps");
}

HealthReport read_report(ObjectReader& in) {
    HealthReport report;
    report.uptime = std::chrono::seconds(static_cast<std::int64_t>(in.integer("up")));
    report.firmware = in.text("fw", max_version_bytes);
    report.model = in.text("model", max_digest_letters);
    report.frames_per_second = in.decimal("fps", 1);
    report.frames = in.integer("frames");
    report.frames_dropped = in.integer("dropped");
    report.frames_spared = in.integer("spared");
    report.pictures_broken = in.integer("broken");
    report.passages = in.integer("passages");
    report.records = in.integer("records");
    report.unread = in.integer("unread");
    report.records_lost = in.integer("lost");
    report.celsius = in.decimal_if_there("celsius", 1);
    report.memory_stall_percent = in.decimal_if_there("memory_stall", 1);
    read_clock(in, report);
    report.camera_lost = in.flag("camera_lost");
    report.spool_trouble = in.flag("spool_trouble");
    report.trigger_trouble = in.flag("trigger_trouble");
    report.light_trouble = in.flag("light_trouble");
    report.rate_step = static_cast<int>(in.integer("rate_step", most_steps));
    report.rate_reason = in.word("rate_reason", &rate_reason_from_string);
    return report;
}

void write_detail(CanonicalWriter& out, const HealthDetail& detail) {
    out.literal(R"(,"camera":)").text("camera", detail.camera, max_camera_bytes);
    out.literal(R"(,"trouble":)").text("trouble", detail.camera_trouble, max_trouble_bytes);
    out.literal(R"(,"zone":)").text("zone", detail.hot_zone, max_zone_bytes);
    write_count(out, R"(,"waiting":)", "waiting", detail.waiting_items);
    write_count(out, R"(,"waiting_bytes":)", "waiting_bytes", detail.waiting_bytes);
    write_count(out, R"(,"oldest":)", "oldest", not_negative(detail.oldest_waiting.count(), out, "oldest"));
    write_count(out, R"(,"received":)", "received", detail.received);
    write_count(out, R"(,"shed_reads":)", "shed_reads", detail.shed_reads);
    write_count(out, R"(,"shed_pictures":)", "shed_pictures", detail.shed_pictures);
}

HealthDetail read_detail(ObjectReader& in) {
    HealthDetail detail;
    detail.camera = in.text("camera", max_camera_bytes);
    detail.camera_trouble = in.text("trouble", max_trouble_bytes);
    detail.hot_zone = in.text("zone", max_zone_bytes);
    detail.waiting_items = in.integer("waiting");
    detail.waiting_bytes = in.integer("waiting_bytes");
    detail.oldest_waiting = std::chrono::seconds(static_cast<std::int64_t>(in.integer("oldest")));
    detail.received = in.integer("received");
    detail.shed_reads = in.integer("shed_reads");
    detail.shed_pictures = in.integer("shed_pictures");
    return detail;
}

/// To the one length of all.
void write_end(CanonicalWriter& out, const HealthPayload& payload) {
    constexpr std::string_view closing = R"("})";
    out.literal(R"(,"rcp":)").hex(payload.recipients);
    out.literal(R"(,"set":)").hex(payload.recipient_set);
    if (payload.stale_set && payload.recipient_set == Digest{}) out.reject("stale", "needs a set");
    write_flag(out, R"(,"stale":)", payload.stale_set);
    out.literal(R"(,"pad":")");
    const std::size_t bytes = out.size() + closing.size();
    if (bytes > health_payload_bytes)
        out.reject("the text", fmt::format("must fit in {} bytes", health_payload_bytes));
    else
        out.blanks(health_payload_bytes - bytes);
    out.literal(closing);
}

/// As write_report, whatever the counts.
void write_exact(CanonicalWriter& out, const HealthReport& report) {
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
    write_count(out, R"(,"passages":)", "passages", report.passages);
    write_count(out, R"(,"records":)", "records", report.records);
    write_count(out, R"(,"unread":)", "unread", report.unread);
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

}  // namespace

void write_report(CanonicalWriter& out, const HealthReport& report) {
    if (report != coarsened(report)) out.reject("passages, records, unread", "must be coarse");
    write_exact(out, report);
}

Result<std::string> encode_note(const HealthNote& note) {
    CanonicalWriter out(max_health_bytes);
    out.literal(R"({"v":1,"kind":"note","made":)").time("made", note.made.time_since_epoch()).literal(",");
    write_report(out, note.report);
    out.literal("}");
    return std::move(out).finish();
}

Result<HealthNote> parse_note(std::string_view json) {
    ObjectReader in(json, max_health_bytes, R"({"v":1,"kind":"note")");
    HealthNote note;
    note.made = BootTime(in.time("made"));
    note.report = read_report(in);
    return in.finish(note, &encode_note);
}

Result<std::string> encode_health(const HealthPayload& payload) {
    CanonicalWriter out(health_payload_bytes + max_name_bytes);  // no second copy is left behind by growing
    if (!is_device_name(payload.device)) out.reject("dev", "must be a device name");
    if (payload.seq == 0) out.reject("seq", "must be from 1");
    out.literal(R"({"v":2,"kind":"health","fleet":)").text("fleet", payload.fleet, max_name_bytes);
    out.literal(R"(,"dev":)").text("dev", payload.device, max_device_name_bytes);
    out.literal(R"(,"chain":)").hex(payload.chain.bytes);
    out.literal(R"(,"boot":)").text("boot", payload.boot, max_name_bytes);
    out.literal(R"(,"seq":)").integer("seq", payload.seq);
    out.literal(R"(,"prev":)").hex(payload.previous);
    out.literal(R"(,"ack":)").hex(payload.last_receipt);
    out.literal(R"(,"t":)").time("t", payload.time.time_since_epoch()).literal(",");
    write_exact(out, payload.record.report);
    write_detail(out, payload.record.detail);
    write_end(out, payload);
    return std::move(out).finish();
}

Result<HealthPayload> parse_health(std::string_view json) {
    ObjectReader in(json, health_payload_bytes, R"({"v":2,"kind":"health")");
    HealthPayload payload;
    payload.fleet = in.text("fleet", max_name_bytes);
    payload.device = in.text("dev", max_device_name_bytes);
    payload.chain = in.chain("chain");
    payload.boot = in.text("boot", max_name_bytes);
    payload.seq = in.integer("seq");
    payload.previous = in.digest("prev");
    payload.last_receipt = in.digest("ack");
    payload.time = UtcTime(in.time("t"));
    payload.record.report = read_report(in);
    payload.record.detail = read_detail(in);
    payload.recipients = in.digest("rcp");
    payload.recipient_set = in.digest("set");
    payload.stale_set = in.flag("stale");
    in.blanks("pad");
    return in.finish(payload, &encode_health);
}

}  // namespace portcullis
