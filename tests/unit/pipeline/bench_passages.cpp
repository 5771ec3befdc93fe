// The figures of passages on drawn traffic, a kind of road a line, then all together.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "support/road_walk.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr auto footer =
    "vehicles   that showed their plate clearly (45 px wide, hidden by nothing) in at least 3 frames\n"
    "capture%   of these: recorded\n"
    "dupl.      records beyond the first of a vehicle, and their share of all records\n"
    "wrong      records whose picture shows anything but the vehicle that most of its patches are of\n"
    "withheld   records that go without a picture, for it contradicted the read\n"
    "mixed      passages with a patch of anything else\n"
    "false      records of no vehicle\n"
    "voted%     of the captured vehicles: the record's text is wholly right; best%: the reading of the best "
    "patch\n"
    "           alone would have been; surest%: the reading with the highest confidence alone would have "
    "been";

double percent(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void tell(const std::string& name, const PassageFigures& f) {
    fmt::print(
        "{:<28} {:>8} {:>8} {:>8.2f} {:>6} {:>6.2f} {:>6} {:>8} {:>6} {:>6} {:>7.2f} {:>7.2f} {:>7.2f}\n",
        name, f.frames, f.vehicles, f.capture_percent(), f.duplicates, f.duplicate_percent(),
        f.wrong_pictures, f.withheld, f.mixed, f.false_records, percent(f.voted_right, f.texts),
        percent(f.best_right, f.texts), percent(f.surest_right, f.texts));
}

nlohmann::ordered_json as_json(const PassageFigures& f) {
    return {{"frames", f.frames},
            {"vehicles", f.vehicles},
            {"captured", f.captured},
            {"capture_percent", f.capture_percent()},
            {"records", f.records},
            {"duplicates", f.duplicates},
            {"duplicate_percent", f.duplicate_percent()},
            {"wrong_pictures", f.wrong_pictures},
            {"withheld", f.withheld},
            {"mixed", f.mixed},
            {"false_records", f.false_records},
            {"wrong_directions", f.wrong_directions},
            {"voted_right_percent", percent(f.voted_right, f.texts)},
            {"best_right_percent", percent(f.best_right, f.texts)},
            {"surest_right_percent", percent(f.surest_right, f.texts)}};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"Passages on drawn traffic, through the stages of the pipeline, against the truth"};
    program.footer(footer);
    PipelineSettings settings = walk_settings();
    int seeds = 4;
    int first_seed = 1;
    std::string only;
    auto rejoin_s = std::chrono::duration_cast<std::chrono::seconds>(settings.tracker.rejoin_within).count();
    double seconds = 180;
    int close_after_ms = static_cast<int>(settings.tracker.close_after.count());
    bool greedy = false;
    bool json = false;
    program.add_option("--seeds", seeds, "Of each kind of road")->check(CLI::Range(1, 100'000));
    program.add_option("--first-seed", first_seed, "To look at other traffic than the figures are told of")
        ->check(CLI::Range(1, 100'000));
    program.add_option("--road", only, "One road alone, by its name");
    program.add_option("--rejoin-s", rejoin_s, "As passage.rejoin_s")->check(CLI::Range(0, 3600));
    program.add_option("--seconds", seconds, "Of each seed")->check(CLI::Range(1.0, 3600.0));
    program.add_option("--close-after-ms", close_after_ms, "As passage.close_after_ms")
        ->check(CLI::Range(100, 60'000));
    program.add_flag("--greedy", greedy, "Pair the best first, to compare");
    program.add_flag("--json", json, "Print JSON instead of a table");
    CLI11_PARSE(program, argc, argv);
    settings.tracker.close_after = milliseconds(close_after_ms);
    settings.tracker.rejoin_within = std::chrono::seconds(rejoin_s);
    if (greedy) settings.tracker.assigning = Assigning::greedy;

    if (!json)
        fmt::print("{:<28} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6} {:>8} {:>6} {:>6} {:>7} {:>7} {:>7}\n", "road",
                   "frames", "vehicles", "capture%", "dupl.", "dupl.%", "wrong", "withheld", "mixed", "false",
                   "voted%", "best%", "surest%");
    nlohmann::ordered_json report;
    PassageFigures all;
    for (const RoadRules& rules : all_roads()) {
        if (!only.empty() && rules.name != only) continue;
        PassageFigures figures;
        for (int seed = first_seed; seed < first_seed + seeds; ++seed)
            figures += walk_road(rules, static_cast<std::uint64_t>(seed), seconds, settings);
        if (!json) tell(rules.name, figures);
        report["roads"][rules.name] = as_json(figures);
        all += figures;
    }
    report["all"] = as_json(all);
    if (json)
        fmt::print("{}\n", report.dump(2));
    else
        tell("all", all);
    return 0;
}
