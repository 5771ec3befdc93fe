#include "record/health_codec.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "record/statement_codec.hpp"

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

HealthPayload payload() {
    HealthPayload health;
    health.fleet = "north";
    health.device = "gate-1";
    health.chain = chain_from_string("0123456789abcdef").value();
    health.boot = "boot-1";
    health.seq = 42;
    health.previous.fill(std::byte{7});
    health.time = UtcTime(std::chrono::seconds(1'795'420'800));
    health.record.report = sample();
    health.record.report.passages = 123;
    health.record.detail = {"v4l2 a camera",
                            "the camera was unplugged",
                            "cpu-thermal",
                            17,
                            48'000,
                            std::chrono::seconds(90),
                            25,
                            3,
                            6};
    health.recipients.fill(std::byte{8});
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

TEST_CASE("a health record is written as its page says, exact, and comes back") {
    const auto text = encode_health(payload());
    REQUIRE(text);
    const std::string start =
        R"({"v":2,"kind":"health","fleet":"north","dev":"gate-1","chain":"0123456789abcdef","boot":"boot-1","seq":42,"prev":")" +
        to_hex(payload().previous) + R"(","ack":")" + to_hex(Digest{}) +
        R"(","t":1795420800000000,"up":3600,"fw":"0.1.0","model":"0123abcd","fps":29.9,"frames":107640,"dropped":7,)"
        R"("spared":0,"broken":0,"passages":123,"records":110,"unread":0,"lost":0,"celsius":61.5,"clk":"holdover",)"
        R"("hold":60,"err":42,"off":-0.125,"clk_steps":0,"camera_lost":1,"spool_trouble":0,"trigger_trouble":0,)"
        R"("light_trouble":0,"rate_step":2,"rate_reason":"heat","camera":"v4l2 a camera",)"
        R"("trouble":"the camera was unplugged","zone":"cpu-thermal","waiting":17,"waiting_bytes":48000,"oldest":90,)"
        R"("received":25,"shed_reads":3,"shed_pictures":6,"rcp":")" +
        to_hex(payload().recipients) + R"(","set":")" + to_hex(Digest{}) + R"(","stale":0,"pad":")";
    CHECK(text->substr(0, start.size()) == start);
    CHECK(text->find_first_not_of(' ', start.size()) == health_payload_bytes - 2);
    CHECK(text->size() == health_payload_bytes);
    const auto back = parse_health(*text);
    REQUIRE(back);
    CHECK(back->record == payload().record);
    CHECK(back->seq == 42);
    CHECK(back->previous == payload().previous);
    CHECK(back->recipients == payload().recipients);
    CHECK(back->time == payload().time);
}

TEST_CASE("the largest health record fits in the one length") {
    HealthPayload largest = payload();
    HealthReport& report = largest.record.report;
    HealthDetail& detail = largest.record.detail;
    largest.device = std::string(max_device_name_bytes, 'd');
    largest.fleet = largest.boot = std::string(max_name_bytes, 'f');
    report.uptime = detail.oldest_waiting = std::chrono::seconds(max_json_integer);
    report.firmware = std::string(max_version_bytes, '9');
    report.model = std::string(64, 'a');
    report.frames_per_second = 9999.9F;
    for (std::uint64_t* count :
         {&report.frames, &report.frames_dropped, &report.frames_spared, &report.pictures_broken,
          &report.records_lost, &report.clock_steps, &report.passages, &report.records, &report.unread,
          &detail.waiting_items, &detail.waiting_bytes, &detail.received, &detail.shed_reads,
          &detail.shed_pictures, &largest.seq})
        *count = max_json_integer;
    report.memory_stall_percent = 100;
    report.celsius = -60;
    report.clock = {ClockQuality::holdover, std::chrono::seconds(999'999'999'999),
                    milliseconds(999'999'999'999)};
    report.clock_offset_ms = -999'999;
    report.rate_step = 99;
    report.rate_reason = RateReason::memory;
    report.camera_lost = report.spool_trouble = report.trigger_trouble = report.light_trouble = true;
    detail.camera = std::string(max_camera_bytes, 'c');
    detail.camera_trouble = std::string(max_trouble_bytes, 't');
    detail.hot_zone = std::string(max_zone_bytes, 'z');
    largest.time = UtcTime(microseconds(max_json_integer));
    largest.recipient_set.fill(std::byte{9});
    largest.stale_set = true;
    const auto text = encode_health(largest);
    REQUIRE(text);
    CHECK(text->size() == health_payload_bytes);
    const auto back = parse_health(*text);
    REQUIRE(back);
    CHECK(back->record == largest.record);
    CHECK(back->stale_set);
}

TEST_CASE("a health record out of its ranges is refused, by writer and reader") {
    const auto refuses = [](const std::function<void(HealthPayload&)>& spoil) {
        HealthPayload spoilt = payload();
        spoil(spoilt);
        return !encode_health(spoilt);
    };
    CHECK(refuses([](HealthPayload& p) { p.device = "No Device"; }));
    CHECK(refuses([](HealthPayload& p) { p.seq = 0; }));
    CHECK(refuses([](HealthPayload& p) { p.record.detail.camera = std::string(max_camera_bytes + 1, 'c'); }));
    CHECK(refuses([](HealthPayload& p) { p.record.detail.camera_trouble = "a \" in it"; }));
    CHECK(refuses([](HealthPayload& p) { p.record.detail.oldest_waiting = std::chrono::seconds(-1); }));
    CHECK(refuses([](HealthPayload& p) { p.record.report.uptime = std::chrono::seconds(-1); }));
    CHECK(refuses([](HealthPayload& p) { p.stale_set = true; }));  // of no set
    const std::string text = encode_health(payload()).value();
    REQUIRE(parse_health(text));
    for (const auto& [part, by] :
         std::vector<std::pair<std::string, std::string>>{{R"("v":2)", R"("v":1)"},
                                                          {R"("v":2)", R"("v":3)"},
                                                          {R"("seq":42)", R"("seq":042)"},
                                                          {R"("seq":42,)", R"("seq":42, )"},
                                                          {R"("stale":0)", R"("stale":1)"},
                                                          {R"("waiting":17)", R"("waiting":-1)"},
                                                          {R"("pad":" )", R"("pad":")"},  // one blank too few
                                                          {R"("pad":")", R"("pad":" )"},  // one too many
                                                          {R"("pad":" )", R"("pad":"x)"}}) {
        INFO(by);
        CHECK_FALSE(parse_health(replaced(text, part, by)));
    }
    CHECK_FALSE(parse_health(text + " "));
    CHECK_FALSE(parse_health(text.substr(0, text.size() - 1)));
    CHECK_FALSE(parse_health(std::string(max_payload_bytes * 2, ' ')));
}

TEST_CASE("the same report is coarse in the open and exact where it is sealed") {
    HealthReport exact = sample();
    exact.passages = 129;
    exact.records = 7;
    exact.unread = 10;
    CHECK_FALSE(encode_note({exact, {}}));
    const HealthReport told = parse_note(encode_note({coarsened(exact), {}}).value()).value().report;
    CHECK(told.passages == 120);
    CHECK(told.records == 0);
    CHECK(told.unread == 10);
    CHECK(told.frames == exact.frames);
}

TEST_CASE("attack: a plate in a note has no place: each field that could hold one refuses it") {
    const auto refuses = [](const std::function<void(HealthReport&)>& plant) {
        HealthReport report = sample();
        plant(report);
        return !encode_note({report, {}});
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

TEST_CASE("a health record is no read and no statement, a note is no health record") {
    const std::string text = encode_health(payload()).value();
    CHECK_FALSE(parse_life(text));
    CHECK_FALSE(parse_checkpoint(text));
    CHECK_FALSE(parse_payload(text));
    CHECK_FALSE(parse_note(text));
    CHECK_FALSE(parse_health(note_text()));
}
