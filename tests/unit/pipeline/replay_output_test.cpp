#include "apps/portcullis/replay_output.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"
#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a picture's line is the contract, letter by letter") {
    StillResult result;
    const Reading reading = toy_reading("AB1", 0.98767F);
    const Read read{reading.characters, reading.confidence, 1, "A81", {"gb", 0.75F}};
    result.reads.push_back({read, quad_from_box({10.04F, 20, 110.26F, 45}), 0.9F});
    result.reads.push_back({{}, quad_from_box({0, 0, 8, 4}), 0.5F});
    result.took = std::chrono::microseconds(12345);
    CHECK(
        still_line("a/b.jpg", result) ==
        R"({"image":"a/b.jpg","reads":[)"
        R"({"text":"AB1","confidence":0.9877,"characters":[0.9877,0.9877,0.9877],)"
        R"("published":"AB1","raw":"A81","jurisdiction":"gb","jurisdiction_confidence":0.75,)"
        R"("quad":[[10.0,20.0],[110.3,20.0],[110.3,45.0],[10.0,45.0]]},)"
        R"({"text":"","confidence":0.0,"characters":[],"published":"","raw":"",)"
        R"("jurisdiction":"unknown","jurisdiction_confidence":0.0,"quad":[[0.0,0.0],[8.0,0.0],[8.0,4.0],[0.0,4.0]]}],)"
        R"("ms":12.345})");
    CHECK(still_line("a.jpg", {}) == R"({"image":"a.jpg","reads":[],"ms":0.0})");
}

TEST_CASE("a broken picture's line has no reads and says why") {
    CHECK(broken_line("a.jpg", "a.jpg: empty") == R"({"image":"a.jpg","reads":[],"error":"a.jpg: empty"})");
}

TEST_CASE("file names that are not UTF-8, or hold quotes, still make a line of JSON") {
    CHECK(broken_line("\xff\"\n.jpg", "x") ==
          "{\"image\":\"\xEF\xBF\xBD\\\"\\n.jpg\",\"reads\":[],\"error\":\"x\"}");
}

TEST_CASE("a passage's line tells its place in the film") {
    CaptureRecord record;
    record.passage.id = 3;
    record.passage.frames = 12;
    record.passage.direction = Direction::approaching;
    record.passage.first_seen = BootTime(milliseconds(1200));
    record.passage.last_seen = BootTime(milliseconds(1680));
    record.captured_since_boot = BootTime(milliseconds(1640));
    record.read = {toy_reading("AB1", 0.5F).characters, 0.75F, 4};
    CHECK(passage_line("f.mp4", record) ==
          R"({"film":"f.mp4","passage":3,"text":"AB1","confidence":0.75,"characters":[0.5,0.5,0.5],)"
          R"("published":"AB1","raw":"","jurisdiction":"unknown","jurisdiction_confidence":0.0,)"
          R"("readings":4,"frames":12,"direction":"approaching","first_s":1.2,"last_s":1.68,"best_s":1.64,)"
          R"("quad":[[0.0,0.0],[0.0,0.0],[0.0,0.0],[0.0,0.0]]})");
}

TEST_CASE("lines go to the file that was asked for, and a file that cannot be written is named") {
    const TempDir folder;
    const std::string path = (folder.path() / "out.jsonl").string();
    auto output = ReplayOutput::create(path);
    REQUIRE(output);
    REQUIRE(output->write("{}"));
    REQUIRE(output->write("[]"));
    REQUIRE(output->finish());
    CHECK(read_text_file(path, 100).value() == "{}\n[]\n");
    const auto nowhere = ReplayOutput::create("/nonexistent/out.jsonl");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message().find("/nonexistent/out.jsonl") != std::string::npos);
    auto full = ReplayOutput::create("/dev/full");
    REQUIRE(full);
    const bool whole = full->write("{}") && full->finish();
    CHECK_FALSE(whole);
}
