#include "apps/portcullis/bench_crossings.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "apps/portcullis/bench_traffic.hpp"
#include "crossing/crossing.hpp"

namespace portcullis::bench {

namespace {

using Json = nlohmann::ordered_json;

std::vector<PlateSighting> sightings_of(const std::vector<TrafficSighting>& seen) {
    std::vector<PlateSighting> sightings;
    sightings.reserve(seen.size());
    for (const TrafficSighting& one : seen)
        sightings.push_back({one.at, one.text});
    return sightings;
}

/// Stays of which both passages were recorded, in time for the question.
struct Possible {
    std::uint64_t recorded = 0;
    std::uint64_t read = 0;  // and neither is unread
};

Possible possible_in(const Traffic& traffic, const CrossingQuestion& question) {
    std::vector<const TrafficSighting*> in(traffic.stays);
    for (const TrafficSighting& entry : traffic.entries)
        in[entry.stay] = &entry;
    Possible possible;
    for (const TrafficSighting& exit : traffic.exits) {
        const TrafficSighting* entry = in[exit.stay];
        if (entry == nullptr || exit.at - entry->at > question.longest) continue;
        ++possible.recorded;
        if (!entry->text.empty() && !exit.text.empty()) ++possible.read;
    }
    return possible;
}

/// Of the matches with a distance from `low` to below `high`.
struct Score {
    std::uint64_t matched = 0;
    std::uint64_t right = 0;
};

Score score_of(const Traffic& traffic, const Crossings& found, int low, int high) {
    Score score;
    for (const Crossing& crossing : found.matched) {
        if (crossing.distance < low || crossing.distance >= high) continue;
        ++score.matched;
        if (traffic.entries[crossing.entry].stay == traffic.exits[crossing.exit].stay) ++score.right;
    }
    return score;
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 100 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

Json json_of(const Score& score, const Possible& possible) {
    return {{"matched", score.matched},
            {"wrong", score.matched - score.right},
            {"precision_percent", percent(score.right, score.matched)},
            {"recall_percent", percent(score.right, possible.read)},
            {"recall_of_recorded_percent", percent(score.right, possible.recorded)}};
}

Json lone_of(const std::vector<LoneSighting>& sightings) {
    Json counts = {{"unread", 0}, {"ambiguous", 0}, {"edge", 0}, {"alone", 0}};
    for (const LoneSighting& one : sightings)
        counts[to_string(one.why)] = counts[to_string(one.why)].get<std::uint64_t>() + 1;
    return counts;
}

Json measure(const CrossingsOptions& options) {
    const Traffic traffic = make_traffic(options);
    const std::vector<PlateSighting> entries = sightings_of(traffic.entries);
    const std::vector<PlateSighting> exits = sightings_of(traffic.exits);
    CrossingQuestion question;
    question.from = traffic.from;
    question.to = traffic.to;
    const auto start = std::chrono::steady_clock::now();
    const Crossings found = find_crossings(entries, exits, question);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const Possible possible = possible_in(traffic, question);
    constexpr int all = max_crossing_distance + 1;
    return {{"stays", traffic.stays},
            {"entries", entries.size()},
            {"exits", exits.size()},
            {"possible", possible.read},
            {"seconds", seconds},
            {"all", json_of(score_of(traffic, found, 0, all), possible)},
            {"equal", json_of(score_of(traffic, found, 0, 1), possible)},
            {"look_alike", json_of(score_of(traffic, found, 1, 4), possible)},
            {"one_error", json_of(score_of(traffic, found, 4, all), possible)},
            {"lone_entries", lone_of(found.entries)},
            {"lone_exits", lone_of(found.exits)}};
}

void print_table(const Json& out) {
    fmt::print("{} stays, {} entries and {} exits seen, {} could be matched; {:.2f} s\n",
               out["stays"].get<std::uint64_t>(), out["entries"].get<std::uint64_t>(),
               out["exits"].get<std::uint64_t>(), out["possible"].get<std::uint64_t>(),
               out["seconds"].get<double>());
    fmt::print("{:<12}{:>10}{:>8}{:>13}{:>10}\n", "", "matched", "wrong", "precision%", "recall%");
    for (const char* kind : {"all", "equal", "look_alike", "one_error"})
        fmt::print("{:<12}{:>10}{:>8}{:>13.3f}{:>10.2f}\n", kind, out[kind]["matched"].get<std::uint64_t>(),
                   out[kind]["wrong"].get<std::uint64_t>(), out[kind]["precision_percent"].get<double>(),
                   out[kind]["recall_percent"].get<double>());
    for (const char* side : {"lone_entries", "lone_exits"})
        fmt::print("{}: {}\n", side, out[side].dump());
}

}  // namespace

Result<void> run_crossings(const CrossingsOptions& options) {
    const Json out = measure(options);
    if (options.json)
        fmt::print("{}\n", out.dump(1));
    else
        print_table(out);
    return {};
}

}  // namespace portcullis::bench
