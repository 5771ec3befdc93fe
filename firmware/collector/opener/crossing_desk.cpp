#include "collector/opener/crossing_desk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "crossing/crossing.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const CrossingSide& side) {
    Json json{{"places", Json::array()}};
    for (const CrossingPlace& place : side.places)
        json["places"].push_back(place.lane.empty() ? place.device : place.device + "/" + place.lane);
    if (side.direction) json["direction"] = to_string(*side.direction);
    return json;
}

std::set<std::string> devices_of(const CrossingQuestion& question) {
    std::set<std::string> devices;
    for (const CrossingSide* side : {&question.entry, &question.exit})
        for (const CrossingPlace& place : side->places)
            devices.insert(place.device);
    return devices;
}

PlateQuestion window_of(const CrossingQuestion& question) {
    PlateQuestion window;
    window.from = question.from;
    window.to = question.to;
    return window;
}

/// Errors: exhausted.
Result<std::vector<Candidate>> candidates_of(const CrossingQuestion& question, PlateIndex& index) {
    std::vector<Candidate> all;
    PlateQuestion window = window_of(question);
    for (const std::string& device : devices_of(question)) {
        window.device = device;
        auto some = TRY(index.candidates(window));
        if (all.size() + some.size() > max_crossing_rows)
            return fail(ErrorCode::exhausted,
                        "more than {} passages would have to be opened; narrow the time or the devices",
                        max_crossing_rows);
        std::ranges::move(some, std::back_inserter(all));
    }
    return all;
}

/// Passages of one side, and what is matched of them.
struct Side {
    std::vector<const IndexedPassage*> passages;  // borrowed
    std::vector<PlateSighting> sightings;

    Side(const std::vector<IndexedPassage>& all, const CrossingSide& side) {
        for (const IndexedPassage& one : all) {
            if (!side.holds(one.device, one.lane, one.direction)) continue;
            passages.push_back(&one);
            sightings.push_back({one.captured, one.text});
        }
    }
    [[nodiscard]] ToldPassage told(std::size_t place) const {
        const IndexedPassage& one = *passages[place];
        return {one.device, one.chain, one.lane, one.seq, one.captured};
    }
    [[nodiscard]] std::vector<ToldLone> told(const std::vector<LoneSighting>& lone) const {
        std::vector<ToldLone> all;
        for (const LoneSighting& one : lone) {
            if (all.size() == max_told_crossings) break;
            all.push_back({told(one.place), to_string(one.why)});
        }
        return all;
    }
};

void fill(CrossingAnswer& answer, const CrossingQuestion& question, const Findings& findings) {
    const Side entry(findings.passages, question.entry);
    const Side exit(findings.passages, question.exit);
    const Crossings found = find_crossings(entry.sightings, exit.sightings, question);
    for (const Crossing& one : found.matched) {
        if (answer.crossings.size() == max_told_crossings) break;
        answer.crossings.push_back(
            {entry.told(one.entry), exit.told(one.exit), static_cast<std::uint64_t>(one.distance)});
    }
    answer.entries = entry.told(found.entries);
    answer.exits = exit.told(found.exits);
    answer.counts.matched = found.matched.size();
    answer.counts.entries = found.entries.size();
    answer.counts.exits = found.exits.size();
    const DwellSummary summary = summary_of(found.matched);
    answer.median = summary.median;
    answer.centile_90 = summary.centile_90;
}

/// Somebody who may not see a device hears the same whether it is there or not.
Result<void> check_devices(const CrossingQuestion& question, const Sees& sees) {
    for (const std::string& device : devices_of(question))
        if (sees && !sees(device)) return fail(ErrorCode::refused, "'{}' is no device of your sites", device);
    return {};
}

}  // namespace

std::string asked_text(const CrossingQuestion& question) {
    const Json json{{"entry", json_of(question.entry)},        {"exit", json_of(question.exit)},
                    {"from", to_iso8601(question.from)},       {"to", to_iso8601(question.to)},
                    {"shortest_s", question.shortest.count()}, {"longest_s", question.longest.count()},
                    {"slack_s", question.slack.count()}};
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.resize(std::max(text.size(), asked_crossings_bytes), ' ');
    return text;
}

Result<CrossingAnswer> answer_crossings(const CrossingQuestion& asked, Access access, const Sees& sees,
                                        PlateIndex& index, AccessDesk& desk, const SearchDesk& searches) {
    access.what = pairs_passages;
    const auto question = checked(asked);
    if (!question) return fail(ErrorCode::refused, "{}", question.error().message());
    const auto refuse = [&](const Error& why) -> Result<CrossingAnswer> {
        TRY(searches.enter(asked_text(*question), access, 1, AccessVerdict::refused, desk));
        return fail(ErrorCode::refused, "{}", why.message());
    };
    if (const auto his = check_devices(*question, sees); !his) return refuse(his.error());
    TRY(desk.allow(std::span(&access, 1)));
    const auto candidates = candidates_of(*question, index);
    if (!candidates && candidates.error().code() == ErrorCode::exhausted) return refuse(candidates.error());
    if (!candidates) return fail(candidates.error());
    CrossingAnswer answer;
    answer.holes = told_holes(question->from, TRY(index.holes()));
    TRY(searches.enter(asked_text(*question), access, candidates->size(), AccessVerdict::granted, desk));
    const Findings findings = index.open_all(*candidates, window_of(*question));
    answer.counts.opened = candidates->size();
    answer.counts.damaged = findings.damaged;
    answer.counts.locked = index.locked_epochs();
    fill(answer, *question, findings);
    return answer;
}

}  // namespace portcullis
