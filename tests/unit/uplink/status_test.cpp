#include "uplink/status.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"
#include "uplink/home_assistant.hpp"
#include "uplink/reader_note.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

HealthReport report() {
    HealthReport report;
    report.uptime = std::chrono::seconds(60);
    report.firmware = "0.1.0";
    report.model = "abcd";
    report.celsius = 50.5F;
    report.memory_stall_percent = 0.0F;
    report.passages = 40;
    report.clock = {ClockQuality::ntp, {}, milliseconds(3)};
    return report;
}

nlohmann::json json_of(const BrokerMessage& message) {
    return nlohmann::json::parse(as_text(message.payload));
}

/// A reader's note in a folder, and the uplink's end.
struct Desk {
    TempDir folder;
    FakeClock clock;
    std::filesystem::path file = folder.path() / "reader.json";
    ReaderNote note{file, clock};

    void leave(const std::string& text) const {
        std::ofstream(file.string() + ".new") << text;
        std::filesystem::rename(file.string() + ".new", file);
    }
    void leave(const HealthReport& told) const { leave(encode_note({told, clock.since_boot()}).value()); }
};

}  // namespace

TEST_CASE("the status carries the reader's numbers, and nothing of a reader that is silent") {
    const BrokerMessage message = status_message("gate-1", {}, {}, report(), UtcTime{});
    CHECK(message.retained);
    const auto json = json_of(message);
    CHECK(json["reader"]["up"] == 60);
    CHECK(json["reader"]["celsius"] == 50.5);
    CHECK(json["reader"]["passages"] == 40);
    CHECK(json["reader"]["clk"] == "ntp");
    CHECK(json["reader"]["camera_lost"] == 0);
    CHECK(json_of(status_message("gate-1", {}, {}, std::nullopt, UtcTime{}))["reader"].empty());
}

TEST_CASE("the reader's note is passed on while it is fresh, of this boot, and of our version") {
    Desk desk;
    CHECK_FALSE(desk.note.look());
    desk.leave(report());
    REQUIRE(desk.note.look());
    CHECK(*desk.note.look() == report());
    desk.clock.advance(note_lasts);
    CHECK(desk.note.look());
    desk.clock.advance(std::chrono::seconds(1));
    CHECK_FALSE(desk.note.look());
    HealthReport next = report();
    next.passages = 50;
    desk.leave(next);
    REQUIRE(desk.note.look());
    CHECK(desk.note.look()->passages == 50);
    desk.clock.reboot(std::chrono::hours(1));
    CHECK_FALSE(desk.note.look());
}

TEST_CASE("attack: a note with a plate in it, rubbish, or a file without end is not passed on") {
    Desk desk;
    const std::string good = encode_note({report(), desk.clock.since_boot()}).value();
    for (const std::string& bad : {std::string("AB12CDE"), good + "AB12CDE", std::string(1 << 20, '{'),
                                   std::string(), R"({"plate":"AB12CDE",)" + good.substr(1)}) {
        desk.leave(bad);
        CHECK_FALSE(desk.note.look());
        desk.leave(good);
        CHECK(desk.note.look());
    }
    std::filesystem::remove(desk.file);
    std::filesystem::create_directory(desk.file);
    CHECK_FALSE(desk.note.look());
}

TEST_CASE("what Home Assistant is told has the fields that its device discovery asks for") {
    const BrokerMessage message = discovery_message("homeassistant", "gate-1", "0.1.0");
    CHECK(message.topic == "homeassistant/device/portcullis-gate-1/config");
    CHECK(message.retained);
    const auto json = json_of(message);
    // Required by its schema: device with an identifier, origin with a name, components with a platform each.
    CHECK(json["device"]["identifiers"] == nlohmann::json::array({"portcullis_gate-1"}));
    CHECK(json["origin"]["name"] == "portcullis-uplink");
    CHECK(json["state_topic"] == "lpr/v1/dev/gate-1/status");
    const std::set<std::string> known = {"platform",       "unique_id",       "name",
                                         "value_template", "device_class",    "unit_of_measurement",
                                         "state_class",    "entity_category", "payload_on",
                                         "payload_off"};
    const std::set<std::string> root = {"device",      "origin", "components",
                                        "state_topic", "qos",    "availability"};
    for (const auto& [key, value] : json.items())
        CHECK(root.contains(key));
    std::set<std::string> ids;
    REQUIRE(json["components"].size() >= 20);
    for (const auto& [name, component] : json["components"].items()) {
        INFO(name);
        CHECK((component["platform"] == "sensor" || component["platform"] == "binary_sensor"));
        CHECK(ids.insert(component["unique_id"].get<std::string>()).second);
        for (const auto& [key, value] : component.items())
            CHECK(known.contains(key));
    }
    const auto& availability = json["availability"].at(0);
    CHECK(availability["topic"] == "lpr/v1/dev/gate-1/status");
    CHECK(availability["payload_available"] == "online");
    CHECK(availability["payload_not_available"] == "offline");
}

TEST_CASE("each value that Home Assistant is told of stands in the status") {
    HealthReport whole = report();
    whole.clock = {ClockQuality::holdover, std::chrono::seconds(5), milliseconds(3)};
    const auto status = json_of(status_message("gate-1", {}, {}, whole, UtcTime{}));
    const auto json = json_of(discovery_message("homeassistant", "gate-1", "0.1.0"));
    for (const auto& [name, component] : json["components"].items()) {
        const auto text = component["value_template"].get<std::string>();
        INFO(text);
        constexpr std::string_view before = "{{ value_json.";
        REQUIRE(text.starts_with(before));
        const std::string path = text.substr(before.size(), text.find(' ', before.size()) - before.size());
        const std::size_t dot = path.find('.');
        REQUIRE(dot != std::string::npos);
        CHECK(status[path.substr(0, dot)].contains(path.substr(dot + 1)));
    }
}
