// `portcullis health` as a person runs it.
#include "apps/portcullis/health_command.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/command_run.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

HealthRecord record_with(std::uint64_t passages) {
    HealthRecord record;
    record.report.firmware = "0.1.0";
    record.report.passages = passages;
    record.report.uptime = std::chrono::hours(76) + std::chrono::minutes(5);
    record.report.celsius = 61.5F;
    record.report.clock.quality = ClockQuality::ntp;
    record.detail.camera = "v4l2 /dev/video0 (Plate Camera)";
    record.detail.waiting_items = 17;
    return record;
}

/// A collector with a read and two health records of gate-1.
struct Shelf {
    CollectorBench bench;
    TestDevice device{bench.road};

    Shelf() {
        bench.deliver(device.messages(device.seal()));
        bench.deliver(device.message(device.health(record_with(1233))));
        bench.clock.advance(std::chrono::minutes(5));
        HealthRecord bad = record_with(1247);
        bad.report.camera_lost = true;
        bad.detail.camera_trouble = "the camera was unplugged";
        bad.report.rate_step = 2;
        bad.report.rate_reason = RateReason::heat;
        bench.deliver(device.message(device.health(bad)));
        bench.judge_all();
    }
    Outcome run(std::vector<std::string> more = {}) const {
        return run_with(bench.road.reader, std::move(more));
    }
    Outcome run_with(const KeyFiles& key, std::vector<std::string> more = {}) const {
        for (const std::string& word :
             {std::string("--store"), bench.place().string(), std::string("--key"), key.key.string(),
              std::string("--certificate"), key.certificate.string(), std::string("--device-ca"),
              bench.road.pki.chain("device-ca").string(), std::string("--signers"),
              bench.road.pki.signers().string()})
            more.push_back(word);
        return run_command(&add_health_command, "health", more);
    }
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

}  // namespace

TEST_CASE("health shows exact numbers, newest first, and what was degraded") {
    const Shelf shelf;
    const Outcome shown = shelf.run();
    INFO(shown.out);
    CHECK(shown.code == 0);
    const auto lines = lines_of(shown.out);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "gate-1, version 0.1.0, camera v4l2 /dev/video0 (Plate Camera)");
    for (const char* word : {" 5 ", "3d 04:05", "1247", "61.5", "ntp", "17",
                             "camera: the camera was unplugged", "heat (rate step 2)"})
        CHECK(lines[2].find(word) != std::string::npos);
    CHECK(lines[3].find("1233") != std::string::npos);
    CHECK(lines[3].ends_with(" -"));
}

TEST_CASE("health --json tells all that was sealed, one object a line") {
    const Shelf shelf;
    const Outcome shown = shelf.run({"--json"});
    CHECK(shown.code == 0);
    const auto lines = lines_of(shown.out);
    REQUIRE(lines.size() == 2);
    const auto newest = nlohmann::json::parse(lines[0]);
    CHECK(newest["device"] == "gate-1");
    CHECK(newest["seq"] == 5);
    CHECK(newest["authenticity"] == "authentic");
    CHECK(newest["payload"]["passages"] == 1247);
    CHECK(newest["payload"]["trouble"] == "the camera was unplugged");
    CHECK_FALSE(newest["payload"].contains("pad"));
    CHECK(nlohmann::json::parse(lines[1])["payload"]["passages"] == 1233);
}

TEST_CASE("health can be cut to a device, a time and a count") {
    Shelf shelf;
    const KeyFiles files = shelf.bench.road.pki.device("gate-2");
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    TestDevice other(shelf.bench.road, *key, "gate-2");
    shelf.bench.reload();
    shelf.bench.deliver(other.message(other.health(record_with(9))));
    CHECK(lines_of(shelf.run({"--json"}).out).size() == 3);
    CHECK(lines_of(shelf.run({"--json", "--device", "gate-2"}).out).size() == 1);
    CHECK(lines_of(shelf.run({"--json", "--count", "1"}).out).size() == 2);
    CHECK(lines_of(shelf.run({"--json", "--since", "2000-01-01"}).out).size() == 3);
    CHECK(shelf.run({"--since", "2400-01-01"}).out.find("holds no health record since 2400-01-01") !=
          std::string::npos);
    const Outcome nobody = shelf.run({"--device", "gate-9"});
    CHECK(nobody.code == 1);
    CHECK(nobody.out.find(shelf.bench.place().string() + ": holds no health record of device gate-9") !=
          std::string::npos);
    CHECK(nobody.out.find("status.sealed_s") != std::string::npos);
    for (const char* wrong : {"soon", "7", "d", "-7d", "7dd", "2026-13-01", "99999999999999d"}) {
        const Outcome refused = shelf.run({std::string("--since=") + wrong});
        CHECK(refused.code == 2);
        CHECK(refused.out.find("write a day, as 2026-11-25") != std::string::npos);
    }
}

TEST_CASE("health with another audience's key shows no number, says unopened, and names the cure") {
    const Shelf shelf;
    const Outcome shown = shelf.run_with(shelf.bench.road.evidence);
    INFO(shown.out);
    CHECK(shown.code == 1);
    CHECK(shown.out.find("1247") == std::string::npos);
    CHECK(shown.out.find("Plate Camera") == std::string::npos);
    CHECK(shown.out.find("sealed to recipients of whom we hold no key") != std::string::npos);
    CHECK(shown.out.find("give --key and --certificate of a recipient of health records") !=
          std::string::npos);
}

TEST_CASE("attack: a health record carried to another place in the store is marked, and tells no number") {
    Shelf shelf;
    shelf.bench.ingest.reset();
    shelf.bench.change(
        "UPDATE blob SET bytes = (SELECT bytes FROM blob WHERE item_id = (SELECT id FROM item "
        "WHERE seq = 4)) WHERE item_id = (SELECT id FROM item WHERE seq = 5)");
    const Outcome shown = shelf.run();
    INFO(shown.out);
    CHECK(shown.code == 1);
    const auto lines = lines_of(shown.out);
    CHECK(lines.at(2).starts_with("! "));
    CHECK(lines[2].find("misplaced") != std::string::npos);
    CHECK(lines[2].find("1233") == std::string::npos);
    CHECK(lines.at(3).find("1233") != std::string::npos);
}

TEST_CASE("health without a store, or without keys, says what is missing") {
    const Shelf shelf;
    const auto without =
        run_command(&add_health_command, "health", {"--store", shelf.bench.place().string()});
    CHECK(without.code == 2);
    const Outcome nowhere = shelf.run_with({"/nowhere/a.key", "/nowhere/a.crt"});
    CHECK(nowhere.code == 2);
    CHECK(nowhere.out.find("/nowhere/a.key") != std::string::npos);
}
