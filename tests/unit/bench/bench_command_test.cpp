// The command as a person runs it, on drawn plates; and what it says of bad input.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "support/collector_settings.hpp"
#include "support/temp_dir.hpp"
#include "support/tool.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

const std::string header = "image,source,x1,y1,x2,y2,x3,y3,x4,y4,text,split_hint,kind\n";
const std::string pictures = PORTCULLIS_SOURCE_DIR "/tests/data/plates";

class Desk {
  public:
    [[nodiscard]] fs::path path(const std::string& name) const { return folder_.path() / name; }
    [[nodiscard]] std::string text(const std::string& name) const {
        return read_text_file(path(name), 1'000'000).value();
    }
    void labels(const std::string& rows) const {
        REQUIRE(write_file_atomically(path("labels.csv"), as_bytes(header + rows)));
    }
    [[nodiscard]] ToolRun bench(const std::string& arguments) const {
        return run_tool(folder_.path(), "bench " + arguments);
    }
    [[nodiscard]] ToolRun accuracy(const std::string& arguments) const {
        return bench("accuracy --labels labels.csv --images " + pictures + " " + arguments);
    }

  private:
    TempDir folder_;
};

}  // namespace

TEST_CASE("bench accuracy counts right and wrong reads of each source") {
    const Desk desk;
    // The second label is wrong on purpose, the third row is of another hint.
    desk.labels(
        "hr.png,drawn,0,0,643,0,643,200,0,200,ZG482KT,dev,crop\n"
        "gb.png,wrong,0,0,690,0,690,203,0,203,AA11AAA,dev,crop\n"
        "ro.png,other,0,0,636,0,636,200,0,200,CJ63HMW,train,crop\n");
    const ToolRun run = desk.accuracy("--json --hint dev --gallery seen");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["totals"]["total"]["pictures"] == 2);
    CHECK(report["sources"]["wrong"]["right_percent"] == 0);
    CHECK(report["sources"]["wrong"]["texts"] == 1);
    CHECK(report["sources"]["drawn"]["plates"] == 1);
    CHECK_FALSE(report["sources"].contains("other"));
    CHECK(report["sources"]["drawn"]["found_percent"].is_null());
    CHECK(report["peak_memory_mb"] > 10);
    const std::string page = desk.text("seen/index.html");
    CHECK(page.find("AA11AAA") != std::string::npos);
    CHECK(fs::file_size(desk.path("seen/sheet-001.jpg")) > 1000);
    CHECK(fs::status(desk.path("seen/index.html")).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("bench seal tells times and bytes of each kind of item, and leaves no key behind") {
    const Desk desk;
    fs::create_directory(desk.path("tmp"));
    ::setenv("TMPDIR", desk.path("tmp").c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
    const ToolRun run = desk.bench("seal --json --rounds 5 --recipients 2");
    ::unsetenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
    REQUIRE_MESSAGE(run.code == 0, run.err);
    CHECK(fs::is_empty(desk.path("tmp")));
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["recipients"] == 2);
    for (const char* row : {"read", "plate", "overview", "record"}) {
        CAPTURE(row);
        CHECK(report[row]["sealed_us"]["median"] > 0);
        CHECK(report[row]["bare_us"]["median"] > 0);
        CHECK(report[row]["ratio"] > 0);
        CHECK(report[row]["blob_bytes"] > report[row]["padded_bytes"]);
    }
    // The budget of two recipients: frame, keys, signature.
    CHECK(report["read"]["blob_bytes"].get<int>() - report["read"]["plain_bytes"].get<int>() <= 800);
    CHECK(report["plate"]["blob_bytes"].get<int>() - report["plate"]["padded_bytes"].get<int>() <= 800);
    CHECK(report["plate"]["padded_bytes"] == 16 * 1024);
}

TEST_CASE("bench seal refuses what it cannot measure") {
    const Desk desk;
    CHECK(desk.bench("seal --recipients 0").code == 2);
    CHECK(desk.bench("seal --recipients 17").code == 2);
    CHECK(desk.bench("seal --plate-bytes 5000000").code == 2);
}

TEST_CASE("bench accuracy finds a drawn plate in its picture") {
    const Desk desk;
    desk.labels("hr.png,drawn,41,41,603,41,603,160,41,160,ZG482KT,dev,scene\n");
    const ToolRun found = desk.accuracy("--json");
    REQUIRE_MESSAGE(found.code == 0, found.err);
    CHECK(nlohmann::json::parse(found.out)["sources"]["drawn"]["found_percent"] == 100);
    // The same plate labelled where it does not stand.
    desk.labels("hr.png,drawn,0,180,40,180,40,200,0,200,ZG482KT,dev,scene\n");
    const ToolRun missed = desk.accuracy("--json");
    REQUIRE_MESSAGE(missed.code == 0, missed.err);
    CHECK(nlohmann::json::parse(missed.out)["sources"]["drawn"]["found_percent"] == 0);
}

TEST_CASE("bench accuracy calls a read right that is the label's text") {
    const Desk desk;
    const std::string plate = "gb.png,drawn,0,0,690,0,690,203,0,203,";
    desk.labels(plate + "QQ,dev,crop\n");
    const ToolRun first = desk.accuracy("--json --predictions reads.jsonl");
    REQUIRE_MESSAGE(first.code == 0, first.err);
    CHECK(nlohmann::json::parse(first.out)["sources"]["drawn"]["exact_percent"] == 0);
    // How well the models read is measured elsewhere: here the label follows what they read.
    const auto line = nlohmann::json::parse(desk.text("reads.jsonl"));
    CHECK(line["image"] == "gb.png");
    REQUIRE(line["reads"].size() == 1);
    const auto text = line["reads"][0]["text"].get<std::string>();
    REQUIRE_FALSE(text.empty());
    desk.labels(plate + text + ",dev,crop\n");
    const ToolRun second = desk.accuracy("--json");
    REQUIRE_MESSAGE(second.code == 0, second.err);
    CHECK(nlohmann::json::parse(second.out)["sources"]["drawn"]["exact_percent"] == 100);
}

TEST_CASE("bench accuracy refuses bad labels with line and column, and a gallery that is not empty") {
    const Desk desk;
    desk.labels("hr.png,drawn,41,41,x,41,603,160,41,160,ZG482KT,dev,scene\n");
    const ToolRun bad = desk.accuracy("");
    CHECK(bad.code == 2);
    CHECK(bad.err.find("labels.csv:2:x2: not a number") != std::string::npos);
    desk.labels("hr.png,drawn,41,41,603,41,603,160,41,160,ZG482KT,dev,scene\n");
    fs::create_directories(desk.path("seen/mine"));
    CHECK(desk.accuracy("--gallery seen").code == 1);
    CHECK(desk.accuracy("--hint nowhere").code == 1);
    desk.labels("none.png,drawn,41,41,603,41,603,160,41,160,ZG482KT,dev,scene\n");
    const ToolRun none = desk.accuracy("");
    CHECK(none.code == 1);
    CHECK(none.err.find("none.png") != std::string::npos);
}

TEST_CASE("bench speed times each step and refuses what it cannot measure") {
    const Desk desk;
    const ToolRun run = desk.bench("speed --json --size 640x360 --repeat 2 " + pictures + "/hr.png");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["passes"] == 2);
    CHECK(report["width"] == 640);
    for (const char* stage : {"detect", "rectify", "read", "total"}) {
        CHECK(report["ms"][stage]["min"] <= report["ms"][stage]["median"]);
        CHECK(report["ms"][stage]["median"] <= report["ms"][stage]["p95"]);
    }
    CHECK(report["ms"]["detect"]["min"] > 0);
    fs::create_directories(desk.path("empty"));
    CHECK(desk.bench("speed empty").code == 1);
    REQUIRE(write_file_atomically(desk.path("bad.jpg"), as_bytes("no picture")));
    const ToolRun bad = desk.bench("speed " + desk.path("bad.jpg").string());
    CHECK(bad.code == 1);
    CHECK(bad.err.find("bad.jpg") != std::string::npos);
    CHECK(desk.bench("speed --size 0x9 " + pictures).code == 2);
}

TEST_CASE("bench spool tells time and flash wear of three roads, and leaves nothing behind") {
    const Desk desk;
    const ToolRun run = desk.bench("spool --json --records 120 .");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["records"] == 120);
    for (const char* road : {"outage", "delivered", "full"}) {
        const auto& figures = report[road];
        CHECK(figures["appends_per_s"] > 0);
        CHECK(figures["append_ms"]["p50"] <= figures["append_ms"]["p99"]);
        CHECK(figures["append_ms"]["p99"] <= figures["append_ms"]["max"]);
        CHECK(figures["sealed_bytes_per_record"] > 29'700);
        CHECK(figures["write_amplification"] > 1);
        CHECK(figures["block_amplification"] > figures["write_amplification"]);
        CHECK(figures["syncs_per_record"] >= 1);
    }
    CHECK(report["delivered"]["main_bytes_per_record"] < report["outage"]["main_bytes_per_record"]);
    for (const auto& entry : fs::directory_iterator(desk.path(".")))
        CHECK(entry.path().filename().string().find("portcullis-bench") == std::string::npos);
    CHECK(desk.bench("spool --records 100").out.find("amplif.") != std::string::npos);
    const ToolRun nowhere = desk.bench("spool not-there");
    CHECK(nowhere.code == 2);
    CHECK(nowhere.err.find("not-there") != std::string::npos);
    CHECK(desk.bench("spool --records 1").code == 2);
}

TEST_CASE("bench road walks a film to durable records and judges their texts") {
    const Desk desk;
    const std::string film = PORTCULLIS_SOURCE_DIR "/tests/data/road";
    const ToolRun run =
        desk.bench("road --json --fast --fps 25 --frames 80 --truth " + film + ".csv " + film + ".mp4");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["frames"] == 80);
    CHECK(report["dropped"] == 0);
    CHECK(report["records"] >= 1);
    CHECK(report["records_lost"] == 0);
    CHECK(report["right_percent"] == 100);
    CHECK(report["processor_ms_a_frame"] > 0);
    CHECK(report["resident_mb"].size() == 10);
    CHECK_FALSE(report.contains("frame_to_durable_ms"));  // a film that does not keep time has no delay
    for (const auto& entry : fs::directory_iterator(desk.path(".")))
        CHECK(entry.path().filename().string().find("portcullis-bench") == std::string::npos);
}

TEST_CASE("bench road at a camera's pace tells the delay, and refuses a truth without texts") {
    const Desk desk;
    const std::string film = PORTCULLIS_SOURCE_DIR "/tests/data/road.mp4";
    const ToolRun run = desk.bench("road --json --fps 25 --frames 70 " + film);
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["frames"] == 70);
    CHECK(report["processor_percent"] > 0);
    CHECK_FALSE(report.contains("right_percent"));
    CHECK(report["dropped"] < 70);
    // A slow machine may drop every frame that shows a plate: then there is no record, and no delay.
    CHECK(report.contains("frame_to_durable_ms") == (report["records"] > 0));
    if (report["records"] > 0)
        CHECK(report["frame_to_durable_ms"]["p50"] <= report["frame_to_durable_ms"]["max"]);
    REQUIRE(write_file_atomically(desk.path("truth.csv"), as_bytes("passage,plate\n1,AB12\n")));
    const ToolRun bad = desk.bench("road --truth truth.csv " + film);
    CHECK(bad.code == 2);
    CHECK(bad.err.find("no column 'text'") != std::string::npos);
    CHECK(desk.bench("road not-there.mp4").code == 1);
}

TEST_CASE("bench index finds what it wrote, in each epoch, and leaves nothing behind") {
    const Desk desk;
    fs::create_directory(desk.path("work"));
    const ToolRun run = desk.bench("index work --rows 60000 --epochs 2 --searches 10 --json");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["rows"] == 60'000);
    // A regular's rows are looked up and each of them fits; a plate that was never read opens nothing.
    CHECK(report["exact"]["found"] > 0);
    CHECK(report["exact"]["found"] == report["exact"]["opened"]);
    CHECK(report["look_alike"]["found"] > 0);
    CHECK(report["never_read"]["opened"] == 0);
    CHECK(report["part"]["opened"] > report["part"]["found"]);
    CHECK(report["part"]["found"] > 0);
    for (const char* figure : {"add_us", "add_singly_us", "bytes_a_row", "forget_epoch_ms"})
        CHECK(report[figure] > 0);
    CHECK(fs::is_empty(desk.path("work")));
    CHECK(desk.bench("index work --rows 0").code == 2);
    CHECK(desk.bench("index no/such/folder --rows 1000 --epochs 1").code == 2);
}

TEST_CASE("bench crossings judges its matches by the truth, the same traffic for one seed") {
    const Desk desk;
    const auto report = [&desk](const std::string& more) {
        const ToolRun run = desk.bench("crossings --vehicles 1000 --days 3 --json " + more);
        REQUIRE_MESSAGE(run.code == 0, run.err);
        auto json = nlohmann::json::parse(run.out);
        json.erase("seconds");
        return json;
    };
    const auto usual = report("");
    CHECK(usual == report(""));
    CHECK(usual["stays"] >= 3000);
    CHECK(usual["all"]["matched"] == usual["equal"]["matched"].get<int>() +
                                         usual["look_alike"]["matched"].get<int>() +
                                         usual["one_error"]["matched"].get<int>());
    CHECK(usual["one_error"]["matched"] > 0);
    CHECK(usual["lone_entries"]["unread"] > 0);
    CHECK(usual["all"]["precision_percent"] > 98);
    CHECK(usual["all"]["recall_percent"] > 95);  // of so short a run all regulars come daily
    CHECK(usual != report("--seed 2"));
    // Cameras that never err find all; those that read nonsense find nothing.
    const auto perfect = report("--wrong 0 --look-alike 0 --slipped 0 --unread 0 --missed 0 --twins 0");
    CHECK(perfect["all"]["recall_percent"] == 100);
    CHECK(perfect["all"]["precision_percent"] == 100);
    CHECK(report("--wrong 100")["all"]["recall_percent"] < 1);
    CHECK(report("--unread 100")["all"]["matched"] == 0);
    // Twins are what misleads most: with many, precision goes down.
    CHECK(report("--twins 50")["all"]["precision_percent"] < perfect["all"]["precision_percent"]);
    CHECK(desk.bench("crossings --vehicles 0").code == 2);
    CHECK(desk.bench("crossings --wrong 101").code == 2);
    const ToolRun table = desk.bench("crossings --vehicles 100 --days 1");
    CHECK(table.code == 0);
    CHECK(table.out.find("look_alike") != std::string::npos);
}

TEST_CASE("bench exposure asks each kind of breach of the store that it filled, and leaves nothing behind") {
    const Desk desk;
    fs::create_directory(desk.path("work"));
    const ToolRun run = desk.bench("exposure work --passages 300 --devices 3 --days 2 --json");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    const auto report = nlohmann::json::parse(run.out);
    CHECK(report["passages"] == 300);
    CHECK(report["store_bytes"] > 300 * 23'000);
    for (const char* figure : {"key_s", "device_s", "account_s", "disk_copy_s", "fill_us_a_passage"})
        CHECK(report[figure] > 0);
    CHECK(fs::is_empty(desk.path("work")));
    // A store that is in use is not filled: the settings name a file, and the second run finds it full.
    write_collector_settings(desk.path("collector.toml"),
                             "path = \"" + desk.path("filled.db").string() + "\"");
    const std::string again = "exposure work --passages 100 --devices 1 --days 1 --store collector.toml";
    CHECK(desk.bench(again).code == 0);
    CHECK(fs::exists(desk.path("filled.db")));
    const ToolRun refused = desk.bench(again);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("a store that nobody uses") != std::string::npos);
    CHECK(desk.bench("exposure no/such/folder").code == 2);
}
