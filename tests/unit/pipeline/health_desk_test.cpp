#include "pipeline/health_desk.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "record/health_codec.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"
#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;

namespace {

struct Desk {
    TempDir folder;
    FakeClock clock;
    std::filesystem::path note = folder.path() / "reader.json";
    HealthDesk desk{{"0.1.0", "0123abcd", note, seconds(60)}, clock};
    ClockWatch watch{clock, std::nullopt, [] { return KernelClock{true, milliseconds(5)}; }};
    RateGovernor governor{RateSettings{}};
    Strain strain;

    void look(const RoadCounters& counters) {
        desk.look({counters, strain, watch, governor, false, true, microseconds(-250)});
    }
};

}  // namespace

TEST_CASE("a report and a note are made at their pace alone, however much passes") {
    Desk desk;
    RoadCounters counters;
    int notes = 0;
    for (int second = 1; second <= 300; ++second) {
        counters.frames += 30;
        counters.passages += 1;
        desk.clock.advance(seconds(1));
        desk.look(counters);
        if (std::filesystem::remove(desk.note)) ++notes;
        if (second < 60) CHECK_FALSE(desk.desk.latest());
    }
    CHECK(notes == 5);
    const auto record = desk.desk.latest();
    REQUIRE(record);
    const HealthReport* report = &record->report;
    CHECK(report->uptime == seconds(300));
    CHECK(report->frames_per_second == doctest::Approx(30));
    CHECK(report->frames == 9000);
    CHECK(report->passages == 300);
    CHECK(report->clock == ClockState{ClockQuality::ntp, {}, milliseconds(5)});
    CHECK(report->clock_offset_ms == doctest::Approx(-0.25));
    CHECK(report->light_trouble);
    CHECK_FALSE(report->trigger_trouble);
}

TEST_CASE("nine passages are told to the uplink as none, ten as ten, and kept exact to be sealed") {
    Desk desk;
    RoadCounters counters;
    for (const std::uint64_t passages : {1U, 9U, 10U, 19U, 20U}) {
        counters.passages = counters.records = counters.unread = passages;
        desk.clock.advance(seconds(60));
        desk.look(counters);
        const auto note = parse_note(read_text_file(desk.note, max_health_bytes).value());
        REQUIRE(note);
        CHECK(note->report.passages == passages / 10 * 10);
        CHECK(note->report.records == passages / 10 * 10);
        CHECK(note->report.unread == passages / 10 * 10);
        const auto record = desk.desk.latest();
        REQUIRE(record);
        CHECK(record->report.passages == passages);
        CHECK(record->report.records == passages);
        CHECK(record->report.unread == passages);
    }
}

TEST_CASE("the camera, its trouble and the hot zone are kept to be sealed, and stand in no note") {
    Desk desk;
    const RoadCounters counters;
    desk.strain.zone = "cpu-thermal";
    desk.desk.camera_is("v4l2 /dev/video0 (Plate Camera)");
    const auto detail = [&] {
        desk.clock.advance(seconds(60));
        desk.look(counters);
        const std::string note = read_text_file(desk.note, max_health_bytes).value();
        for (const char* word : {"video0", "thermal", "unplugged"})
            CHECK(note.find(word) == std::string::npos);
        return desk.desk.latest().value().detail;
    };
    CHECK(detail().camera == "v4l2 /dev/video0 (Plate Camera)");
    CHECK(detail().hot_zone == "cpu-thermal");
    desk.desk.camera_fails("the camera was unplugged");
    CHECK(detail().camera_trouble == "the camera was unplugged");
    CHECK(detail().camera == "v4l2 /dev/video0 (Plate Camera)");  // the last one
    desk.desk.camera_is("v4l2 /dev/video1 (Other)");
    CHECK(detail().camera_trouble.empty());
}

TEST_CASE("attack: plates that were read stand in no note of the reader's health") {
    Desk desk;
    ToySink sink;
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.gate.reset();
    Pipeline pipeline(settings, toy_eyes(), sink.sink(), {});
    REQUIRE(pipeline.run(open_toy(12 * frames_a_vehicle), {}));
    REQUIRE(sink.records().size() == 12);
    desk.clock.advance(seconds(60));
    desk.look(pipeline.counters());
    const auto text = read_text_file(desk.note, max_health_bytes);
    REQUIRE(text);
    for (std::uint64_t vehicle = 0; vehicle < 12; ++vehicle)
        CHECK(text->find(toy_text(vehicle)) == std::string::npos);
    const auto note = parse_note(*text);
    REQUIRE(note);
    CHECK(note->report.passages == 10);
}

TEST_CASE("a note that cannot be left ends nothing, and is left when it can be") {
    Desk desk;
    const RoadCounters counters;
    std::filesystem::create_directory(desk.note);
    desk.clock.advance(seconds(60));
    desk.look(counters);
    CHECK(desk.desk.latest());
    std::filesystem::remove(desk.note);
    desk.clock.advance(seconds(60));
    desk.look(counters);
    CHECK(std::filesystem::is_regular_file(desk.note));
}
