#include "crossing/crossing.hpp"

#include <algorithm>
#include <tuple>

#include "crossing/contested.hpp"
#include "crossing/near_plates.hpp"

namespace portcullis {

namespace {

/// Of each sighting of one side: empty when it is matched.
using Fates = std::vector<std::optional<Unmatched>>;

Fates first_fates(std::span<const PlateSighting> sightings, UtcTime from, UtcTime to) {
    Fates fates;
    fates.reserve(sightings.size());
    for (const PlateSighting& sighting : sightings) {
        const bool inside = sighting.at >= from && sighting.at < to;
        fates.emplace_back(sighting.text.empty() ? Unmatched::unread
                           : inside              ? Unmatched::alone
                                                 : Unmatched::edge);
    }
    return fates;
}

void mark(Fates& fates, std::span<const std::size_t> places) {
    for (const std::size_t place : places)
        fates[place] = Unmatched::ambiguous;
}

std::vector<LoneSighting> lone(const Fates& fates, std::span<const PlateSighting> sightings) {
    std::vector<LoneSighting> left;
    for (std::size_t i = 0; i < fates.size(); ++i)
        if (fates[i]) left.push_back({i, *fates[i]});
    std::ranges::sort(left, [&](const LoneSighting& a, const LoneSighting& b) {
        return std::tie(sightings[a.place].at, a.place) < std::tie(sightings[b.place].at, b.place);
    });
    return left;
}

}  // namespace

const char* to_string(Unmatched why) {
    switch (why) {
        case Unmatched::unread:
            return "unread";
        case Unmatched::ambiguous:
            return "ambiguous";
        case Unmatched::edge:
            return "edge";
        case Unmatched::alone:
            break;
    }
    return "alone";
}

Crossings find_crossings(std::span<const PlateSighting> entries, std::span<const PlateSighting> exits,
                         const CrossingQuestion& question) {
    const microseconds reach = question.longest + question.slack;
    Fates of_entries = first_fates(entries, UtcTime::min(), question.to - reach);
    Fates of_exits = first_fates(exits, question.from + reach, UtcTime::max());
    SamePlates same = match_same_plates(entries, exits, question);
    release_contested(same, entries, exits);
    const NearPlates near = match_near_plates(same.open, entries.size(), exits.size(), question);
    mark(of_entries, same.ambiguous_entries);
    mark(of_entries, near.ambiguous_entries);
    mark(of_exits, same.ambiguous_exits);
    mark(of_exits, near.ambiguous_exits);
    Crossings found;
    found.matched = std::move(same.matched);
    found.matched.insert(found.matched.end(), near.matched.begin(), near.matched.end());
    for (Crossing& crossing : found.matched) {
        crossing.dwell = exits[crossing.exit].at - entries[crossing.entry].at;
        of_entries[crossing.entry].reset();
        of_exits[crossing.exit].reset();
    }
    std::ranges::sort(found.matched, [&](const Crossing& a, const Crossing& b) {
        return std::tie(entries[a.entry].at, a.entry) < std::tie(entries[b.entry].at, b.entry);
    });
    found.entries = lone(of_entries, entries);
    found.exits = lone(of_exits, exits);
    return found;
}

DwellSummary summary_of(std::span<const Crossing> crossings) {
    if (crossings.empty()) return {};
    std::vector<microseconds> dwells;
    for (const Crossing& crossing : crossings)
        dwells.push_back(crossing.dwell);
    std::ranges::sort(dwells);
    const auto rank = [&dwells](std::size_t percent) {
        return dwells[(dwells.size() * percent + 99) / 100 - 1];
    };
    return {rank(50), rank(90)};
}

}  // namespace portcullis
