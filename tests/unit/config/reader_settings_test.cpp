#include "config/reader_settings.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "config/settings_reader.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;

namespace {

const std::string least =
    "device = \"gate-1\"\nfleet = \"north\"\n[input]\npath = \"film.mp4\"\n[keys]\nkey = \"k\"\ncertificate "
    "= \"c\"\n"
    "[recipients]\nread = [\"r\"]\nplate = [\"p\"]\noverview = [\"o\"]\n[spool]\npath = \"s\"\n"
    "[receipts]\nca_chain = \"chain.pem\"\nsigners = \"receipt.crt\"\n";

Result<ReaderSettings> load(const std::string& toml, const std::optional<std::string>& input = {}) {
    const test::TempDir folder;
    REQUIRE(write_file_atomically(folder.path() / "reader.toml", as_bytes(toml)));
    return load_reader_settings(folder.path() / "reader.toml", input);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the commented example holds every key with its own default") {
    const std::filesystem::path example =
        std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "board/host/config/reader.toml";
    const auto all = load_reader_settings(example, {});
    if (!all) FAIL(all.error().message());
    const auto few = load(least);
    if (!few) FAIL(few.error().message());
    CHECK(all->camera.driver == few->camera.driver);
    CHECK(all->camera.device == few->camera.device);
    CHECK(all->camera.width_px == few->camera.width_px);
    CHECK(all->camera.height_px == few->camera.height_px);
    CHECK(all->camera.pixels == few->camera.pixels);
    CHECK(all->camera.frames_per_second == few->camera.frames_per_second);
    CHECK(all->camera.buffers == few->camera.buffers);
    CHECK(all->camera.stall == few->camera.stall);
    CHECK(all->camera.plate == few->camera.plate);
    CHECK_FALSE(all->trigger.wiring);
    CHECK_FALSE(few->trigger.wiring);
    CHECK(all->trigger.hold == few->trigger.hold);
    CHECK_FALSE(few->illuminator.light);
    CHECK_FALSE(few->illuminator.filter);
    CHECK(all->illuminator.mode == few->illuminator.mode);
    CHECK(all->illuminator.dark_grey == few->illuminator.dark_grey);
    CHECK(all->illuminator.bright_grey == few->illuminator.bright_grey);
    CHECK(all->illuminator.dwell == few->illuminator.dwell);
    CHECK(all->input.frames_per_second == few->input.frames_per_second);
    CHECK(all->motion.gate == few->motion.gate);
    CHECK(all->motion.threshold_grey == few->motion.threshold_grey);
    CHECK(all->motion.max_still == few->motion.max_still);
    CHECK(all->passage.close_after == few->passage.close_after);
    CHECK(all->passage.parked_memory == few->passage.parked_memory);
    CHECK(all->passage.decide_after == few->passage.decide_after);
    CHECK(all->passage.decide_latest == few->passage.decide_latest);
    CHECK(all->passage.min_frames == few->passage.min_frames);
    CHECK(all->passage.max_open == few->passage.max_open);
    CHECK(all->ocr.first_patches == few->ocr.first_patches);
    CHECK(all->ocr.most_patches == few->ocr.most_patches);
    CHECK(all->ocr.good_vote == few->ocr.good_vote);
    CHECK(all->ocr.settled_vote == few->ocr.settled_vote);
    CHECK(all->ocr.min_confidence == few->ocr.min_confidence);
    CHECK(all->pictures.plate == few->pictures.plate);
    CHECK(all->pictures.overview == few->pictures.overview);
    CHECK(all->pictures.plate_quality == few->pictures.plate_quality);
    CHECK(all->pictures.overview_quality == few->pictures.overview_quality);
    CHECK(all->pictures.overview_width_px == few->pictures.overview_width_px);
    CHECK(all->models == few->models);
    CHECK(all->inbox == few->inbox);
    CHECK(all->spool.quota_bytes == few->spool.quota_bytes);
    CHECK(all->spool.quota_items == few->spool.quota_items);
    CHECK(all->spool.quota_age == few->spool.quota_age);
    CHECK(few->spool.quota_age == std::chrono::hours(72));
    CHECK(all->spool.anchor == "/var/lib/portcullis/reader/private/anchor");
    CHECK(few->spool.anchor == few->spool.path.parent_path() / "private" / "anchor");
    CHECK(all->spool.commit_patience == few->spool.commit_patience);
    CHECK(all->input.pace == few->input.pace);
    CHECK(all->log_level == few->log_level);
}

TEST_CASE(
    "relative paths start at the settings file, a list's behind its @, the command line's are as written") {
    CHECK(load(least)->input.source.ends_with("/film.mp4"));
    CHECK(load(replaced(least, "film.mp4", "@list.txt"))->input.source.starts_with("@/"));
    CHECK(load(replaced(least, "film.mp4", "/a/b"))->input.source == "/a/b");
    CHECK(load(least, "here.mp4")->input.source == "here.mp4");
    CHECK(load(replaced(least, "path = \"film.mp4\"\n", ""), "here.mp4")->input.source == "here.mp4");
}

TEST_CASE("each wrong or unfit setting is refused with its key and cure") {
    struct Row {
        const char* from;
        const char* to;
        const char* complaint;
    };
    for (const Row& row : {
             Row{"gate-1", "Gate_1", "device: write 1 to 32"},
             Row{"path = \"film.mp4\"", "pace = \"source\"", "input.path: is missing"},
             Row{"path = \"film.mp4\"", "path = \"f\"\npace = \"given\"",
                 "input.frames_per_second: is missing"},
             Row{"path = \"film.mp4\"", "path = \"f\"\nframes_per_second = 0", "input.frames_per_second: 0"},
             Row{"path = \"film.mp4\"", "path = \"f\"\nclock_quality = \"good\"", "write one of: measured"},
             Row{"[keys]", "[trigger]\ndriver = \"gpio\"\n[keys]", "trigger.line: name the line"},
             Row{"[keys]", "[trigger]\ndriver = \"usb\"\n[keys]", "trigger.driver: \"usb\" is not known"},
             Row{"[keys]", "[illuminator]\ndriver = \"gpio\"\n[keys]",
                 "illuminator.light_line: name the line of the lamp"},
             Row{"[keys]", "[illuminator]\nlight = \"trigger\"\n[keys]",
                 "illuminator.light: \"trigger\" needs"},
             Row{"[keys]", "[illuminator]\ndark_grey = 120\n[keys]", "illuminator.dark_grey: must be below"},
             Row{"[keys]", "[camera]\ndriver = \"usb\"\n[keys]", "camera.driver: \"usb\" is not known"},
             Row{"[keys]", "[camera]\nwidth_px = 63\n[keys]", "camera.width_px: 63"},
             Row{"[keys]", "[camera]\nwidth_px = 641\n[keys]", "camera.width_px: write an even number"},
             Row{"[keys]", "[camera]\nexposure_us = 1001\n[keys]",
                 "camera.exposure_us: must not be above 1000"},
             Row{"[keys]", "[camera]\nexposure_us = \"auto\"\n[keys]", "camera.exposure_us: "},
             Row{"[keys]", "[camera]\nshutter = 1\n[keys]", "camera.shutter: unknown key"},
             Row{"[keys]", "[camera]\nstall_ms = 1\n[keys]", "camera.stall_ms: 1"},
             Row{"path = \"film.mp4\"", "stills = true\n[camera]\ndriver = \"v4l2\"",
                 "input.stills: a live camera"},
             Row{"[keys]", "[ocr]\nfirst_patches = 9\nmost_patches = 3\n[keys]",
                 "ocr.first_patches: must not be above"},
             Row{"[keys]", "[motion]\ngate = 1\n[keys]", "motion.gate: "},
             Row{"[keys]", "[motion]\nthreshold_grey = 0\n[keys]", "motion.threshold_grey: 0"},
             Row{"[keys]", "[motion]\nmax_still_ms = 50\n[keys]", "motion.max_still_ms: 50"},
             Row{"[keys]", "[motion]\nthreshold = 8\n[keys]", "motion.threshold: unknown key"},
             Row{"[keys]", "[ocr]\nmin_confidence = 1.5\n[keys]", "ocr.min_confidence: 1.5"},
             Row{"[keys]", "[passage]\ndecide_after_ms = 20000\n[keys]",
                 "passage.decide_after_ms: must not be above"},
             Row{"[keys]", "[[lane]]\nname = \"\"\npolygon = []\n[keys]", "write 1 to 64 letters"},
             Row{"overview = [\"o\"]", "", "recipients.overview: name at least one"},
             Row{"[keys]", "[pictures]\noverview = \"blurred\"\n[keys]", "pictures.overview: "},
             Row{"[keys]", "[pictures]\npolicy = \"full\"\n[keys]", "pictures.policy: unknown key"},
             Row{"plate = [\"p\"]", "", "recipients.plate: name at least one"},
             Row{"read = [\"r\"]", "read = []", "recipients.read: name at least one"},
             Row{"[spool]", "[spool]\nquota = 5", "spool.quota: unknown key"},
             Row{"[spool]", "[spool]\nquota_days = 0", "spool.quota_days"},
         }) {
        CAPTURE(std::string(row.complaint));
        const auto settings = load(replaced(least, row.from, row.to));
        REQUIRE_FALSE(settings);
        CHECK(settings.error().code() == ErrorCode::configuration);
        CAPTURE(settings.error().message());
        CHECK(settings.error().message().find(row.complaint) != std::string::npos);
    }
}

TEST_CASE("a live camera needs no input, the command line's input takes its place") {
    const std::string live = replaced(least, "path = \"film.mp4\"\n", "[camera]\ndriver = \"v4l2\"\n");
    const auto settings = load(live);
    if (!settings) FAIL(settings.error().message());
    CHECK(settings->camera.driver == CameraDriver::v4l2);
    CHECK(settings->input.source.empty());
    const auto replaced_by = load(live, "film.mp4");
    REQUIRE(replaced_by);
    CHECK(replaced_by->camera.driver == CameraDriver::replay);
    CHECK(replaced_by->input.source == "film.mp4");
}

TEST_CASE("trigger and illuminator stand where their wires end") {
    const auto settings = load(replaced(
        least, "[keys]",
        "[trigger]\ndriver = \"gpio\"\nline = \"LOOP\"\nactive_low = true\n[illuminator]\ndriver = \"gpio\"\n"
        "chip = \"pinctrl\"\nlight_line = \"17\"\nlight = \"trigger\"\n[keys]"));
    if (!settings) FAIL(settings.error().message());
    REQUIRE(settings->trigger.wiring);
    CHECK(settings->trigger.wiring->chip == "gpiochip0");
    CHECK(settings->trigger.wiring->line == "LOOP");
    CHECK(settings->trigger.wiring->active_low);
    REQUIRE(settings->illuminator.light);
    CHECK(settings->illuminator.light->chip == "pinctrl");
    CHECK(settings->illuminator.light->line == "17");
    CHECK_FALSE(settings->illuminator.filter);
    CHECK(settings->illuminator.mode == LampMode::trigger);
}

TEST_CASE("what [camera] fixes is told, what it leaves out is the profile's") {
    const auto plain = load(least);
    REQUIRE(plain);
    CHECK(plain->camera.plate);
    CHECK_FALSE(plain->camera.exposure_us);
    CHECK_FALSE(plain->camera.gain);
    const auto fixed =
        load(replaced(least, "[keys]",
                      "[camera]\nprofile = \"scene\"\nexposure_us = 4000\ngain = 7\nbrightness = "
                      "-0.5\nwhite_balance_k = 5600\n[keys]"));
    if (!fixed) FAIL(fixed.error().message());
    CHECK_FALSE(fixed->camera.plate);
    CHECK(fixed->camera.exposure_us == 4000);
    CHECK(fixed->camera.gain == 7);
    CHECK(fixed->camera.brightness == -0.5);
    CHECK(fixed->camera.white_balance_k == 5600);
}

TEST_CASE("frames without motion are spared unless the file says otherwise") {
    CHECK(load(least)->motion.gate);
    const auto off = load(replaced(least, "[keys]", "[motion]\ngate = false\n[keys]"));
    REQUIRE(off);
    CHECK_FALSE(off->motion.gate);
}

TEST_CASE(
    "who opens health records may be named, need not be, and stands in the set of a device that has one") {
    CHECK(load(least)->keys.health_recipients.empty());
    const auto named =
        load(replaced(least, "overview = [\"o\"]\n", "overview = [\"o\"]\nhealth = [\"h\", \"i\"]\n"));
    REQUIRE(named);
    REQUIRE(named->keys.health_recipients.size() == 2);
    CHECK(named->keys.health_recipients[1].filename() == "i");
    const auto both = load(replaced(least, "read = [\"r\"]\nplate = [\"p\"]\noverview = [\"o\"]\n",
                                    "policy_chain = \"root\"\npolicy_signers = \"policy\"\nrecipient_chain = "
                                    "\"chain\"\nhealth = [\"h\"]\n"));
    REQUIRE_FALSE(both);
    CHECK(both.error().message().find("recipients.health: is named by the signed set") != std::string::npos);
}

TEST_CASE("a device that keeps hits only names whose tokens count, and without that everything leaves") {
    CHECK_FALSE(load(least)->hits_only);
    const auto with = [](const std::string& section) {
        return load(replaced(least, "[keys]", "[hotlist]\n" + section + "[keys]"));
    };
    const auto on = with("hits_only = true\npolicy_chain = \"root\"\nsigners = \"desk\"\n");
    if (!on) FAIL(on.error().message());
    REQUIRE(on->hits_only);
    CHECK(on->hits_only->signers.filename() == "desk");
    const auto off = with("hits_only = false\npolicy_chain = \"root\"\nsigners = \"desk\"\n");
    if (!off) FAIL(off.error().message());
    CHECK_FALSE(off->hits_only);
    const auto bare = with("hits_only = true\n");
    REQUIRE_FALSE(bare);
    CHECK(bare.error().message().find("hotlist.policy_chain") != std::string::npos);
}

TEST_CASE("a device that lives by signed sets names whose sets count, and no recipients of its own") {
    const std::string lists = "read = [\"r\"]\nplate = [\"p\"]\noverview = [\"o\"]\n";
    const std::string set =
        "policy_chain = \"root\"\npolicy_signers = \"policy\"\nrecipient_chain = \"chain\"\n";
    const auto by_set = load(replaced(least, lists, set));
    if (!by_set) FAIL(by_set.error().message());
    REQUIRE(by_set->keys.set);
    CHECK(by_set->keys.set->recipient_chain.filename() == "chain");
    CHECK(by_set->keys.read_recipients.empty());

    const auto both = load(replaced(least, lists, set + "read = [\"r\"]\n"));
    REQUIRE_FALSE(both);
    CHECK(both.error().message().find("recipients.read: is named by the signed set") != std::string::npos);
    const auto half = load(replaced(least, lists, "policy_chain = \"root\"\n"));
    REQUIRE_FALSE(half);
    CHECK(half.error().message().find("recipients.policy_signers") != std::string::npos);
}

TEST_CASE(
    "overviews are redacted unless the file says otherwise, and need nobody's certificate when none are "
    "kept") {
    CHECK(load(least)->pictures.overview == OverviewPolicy::redacted);
    const std::string without = replaced(least, "overview = [\"o\"]\n", "");
    const auto none = load(replaced(without, "[keys]", "[pictures]\noverview = \"none\"\n[keys]"));
    REQUIRE(none);
    CHECK(none->pictures.overview == OverviewPolicy::none);
    const auto full = load(replaced(least, "[keys]", "[pictures]\noverview = \"full\"\n[keys]"));
    REQUIRE(full);
    CHECK(full->pictures.overview == OverviewPolicy::full);
}
