#include "record/health_codec.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace portcullis;

namespace {

HealthReport sample() {
    HealthReport report;
    report.uptime = std::chrono::seconds(3600);
    report.firmware = "0.1.0";
    report.model = "0123abcd";
    report.frames_per_second = 29.9F;
    report.frames = 107'640;
    report.frames_dropped = 7;
    report.passages = 120;
    report.records = 110;
    report.celsius = 61.5F;
    report.clock = {ClockQuality::holdover, std::chrono::seconds(60), milliseconds(42)};
    report.clock_offset_ms = -0.125F;
    report.camera_lost = true;
    report.rate_step = 2;
    report.rate_reason = RateReason::heat;
    return report;
}

HealthStatement statement() {
    HealthStatement health;
    health.device = "gate-1";
    health.chain = chain_from_string("0123456789abcdef").value();
    health.report = sample();
    health.last = 41;
    health.link.fill(std::byte{7});
    health.time = UtcTime(std::chrono::seconds(1'795'420'800));
    return health;
}

std::string note_text() {
    return encode_note({sample(), BootTime(std::chrono::seconds(99))}).value();
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
    const std::size_t place = text.find(part);
    REQUIRE(place != std::string::npos);
    return text.replace(place, part.size(), by);
}

}  // namespace

TEST_CASE("a note of the reader's health is written as its page says, and comes back") {
    CHECK(
        note_text() ==
        R"({"v":1,"kind":"note","made":99000000,"up":3600,"fw":"0.1.0","model":"0123abcd","fps":29.9,)"
        R"("frames":107640,"dropped":7,"spared":0,"broken":0,"passages":120,"records":110,"unread":0,"lost":0,)"
        R"("celsius":61.5,"clk":"holdover","hold":60,"err":42,"off":-0.125,"clk_steps":0,"camera_lost":1,)"
        R"("spool_trouble":0,"trigger_trouble":0,"light_trouble":0,"rate_step":2,"rate_reason":"heat"})");
    const auto note = parse_note(note_text());
    REQUIRE(note);
    CHECK(note->report == sample());
    CHECK(note->made == BootTime(std::chrono::seconds(99)));
}

TEST_CASE("a health statement comes back as it was written, and the largest one fits") {
    const auto text = encode_health(statement());
    REQUIRE(text);
    const auto back = parse_health(*text);
    REQUIRE(back);
    CHECK(back->report == sample());
    CHECK(back->last == 41);
    CHECK(back->link == statement().link);
    CHECK(back->time == statement().time);
    HealthStatement largest = statement();
    HealthReport& report = largest.report;
    largest.device = std::string(max_device_name_bytes, 'd');
    report.uptime = std::chrono::seconds(max_json_integer);
    report.firmware = std::string(max_version_bytes, '9');
    report.model = std::string(64, 'a');
    report.frames_per_second = 9999.9F;
    for (std::uint64_t* count : {&report.frames, &report.frames_dropped, &report.frames_spared,
                                 &report.pictures_broken, &report.records_lost, &report.clock_steps})
        *count = max_json_integer;
    for (std::uint64_t* count : {&report.passages, &report.records, &report.unread})
        *count = coarse(max_json_integer);
    report.memory_stall_percent = 100;
    report.celsius = -60;
    report.clock = {ClockQuality::holdover, std::chrono::seconds(999'999'999'999),
                    milliseconds(999'999'999'999)};
    report.clock_offset_ms = -999'999;
    report.rate_step = 99;
    report.rate_reason = RateReason::memory;
    largest.last = max_json_integer - 1;
    const auto long_text = encode_health(largest);
    REQUIRE(long_text);
    CHECK(long_text->size() <= max_statement_bytes);
    REQUIRE(parse_health(*long_text));
}

TEST_CASE("attack: a plate in a note has no place: each field that could hold one refuses it") {
    const auto refuses = [](const std::function<void(HealthReport&)>& plant) {
        HealthReport report = sample();
        plant(report);
        return !encode_note({report, {}}) && !encode_health([&] {
            HealthStatement health = statement();
            health.report = report;
            return health;
        }());
    };
    CHECK(refuses([](HealthReport& r) { r.firmware = "plate AB12 CDE"; }));
    CHECK(refuses([](HealthReport& r) { r.model = "AB12CDE"; }));
    CHECK(refuses([](HealthReport& r) { r.passages = 121; }));
    CHECK(refuses([](HealthReport& r) { r.records = 1; }));
    CHECK(refuses([](HealthReport& r) { r.unread = 9; }));
    const std::string text = note_text();
    const std::vector<std::pair<std::string, std::string>> plants = {
        {R"("rate_reason":"heat")", R"("rate_reason":"AB12CDE")"},
        {R"("rate_reason":"heat")", R"("rate_reason":"heat","plate":"AB12CDE")"},
        {R"({"v":1,)", R"({"plate":"AB12CDE","v":1,)"},
        {R"("clk":"holdover","hold":60)", R"("clk":"AB12CDE")"},
        {R"("fw":"0.1.0")", R"("fw":"AB12 CDE")"},
        {R"("model":"0123abcd")", R"("model":"AB12CDE")"},
        {R"("camera_lost":1)", R"("camera_lost":2)"},
        {R"("fps":29.9)", R"("fps":29.90)"},
        {R"("up":3600)", R"("up":-1)"},
        {"}", "} AB12CDE"},
    };
    CHECK(parse_note(text));
    for (const auto& [part, by] : plants) {
        INFO(by);
        CHECK_FALSE(parse_note(replaced(text, part, by)));
    }
    CHECK_FALSE(parse_note(std::string(max_health_bytes * 2, ' ')));
}

TEST_CASE("every truncation and every changed byte of a note is refused or reads otherwise") {
    const std::string text = note_text();
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK_FALSE(parse_note(text.substr(0, i)));
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto note = parse_note(changed);
        if (note) CHECK_FALSE(*note == parse_note(text).value());
    }
}

TEST_CASE("a health statement is no life statement, and a note is no statement") {
    CHECK_FALSE(parse_life(encode_health(statement()).value()));
    CHECK_FALSE(parse_health(note_text()));
    CHECK_FALSE(parse_note(encode_health(statement()).value()));
}
