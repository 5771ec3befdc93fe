#include "crossing/contested.hpp"

#include <algorithm>

#include "crossing/plate_distance.hpp"
#include "crossing/text_index.hpp"

namespace portcullis {

namespace {

struct OpenSides {
    TextIndex entries;
    TextIndex exits;
};

OpenSides index_of(std::span<const OpenText> open) {
    OpenSides sides;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (!open[i].entries.empty()) sides.entries.add(open[i].text, i);
        if (!open[i].exits.empty()) sides.exits.add(open[i].text, i);
    }
    return sides;
}

/// The first that lies between.
std::optional<UtcTime> first_between(std::span<const OpenSighting> sightings, UtcTime after, UtcTime before) {
    const auto one = std::ranges::upper_bound(sightings, after, {}, &OpenSighting::at);
    if (one == sightings.end() || one->at >= before) return std::nullopt;
    return one->at;
}

bool is_contested(const SamePlates& same, const OpenSides& sides, const PlateSighting& entry,
                  const PlateSighting& exit) {
    std::optional<UtcTime> out;
    for (const std::size_t id : sides.exits.around(entry.text).ids) {
        const auto at = first_between(same.open[id].exits, entry.at, exit.at);
        if (!at || (out && *out <= *at)) continue;
        if (are_near(entry.text, same.open[id].text, plate_distance(entry.text, same.open[id].text)))
            out = at;
    }
    if (!out) return false;
    for (const std::size_t id : sides.entries.around(entry.text).ids)
        if (first_between(same.open[id].entries, *out, exit.at) &&
            are_near(entry.text, same.open[id].text, plate_distance(entry.text, same.open[id].text)))
            return true;
    return false;
}

}  // namespace

void release_contested(SamePlates& same, std::span<const PlateSighting> entries,
                       std::span<const PlateSighting> exits) {
    const OpenSides sides = index_of(same.open);
    std::vector<OpenText> released;
    std::erase_if(same.matched, [&](const Crossing& crossing) {
        const PlateSighting& entry = entries[crossing.entry];
        const PlateSighting& exit = exits[crossing.exit];
        if (!is_contested(same, sides, entry, exit)) return false;
        // Its exit was before the other's, its entry after.
        released.push_back(
            {entry.text, {{entry.at, crossing.entry, exit.at}}, {{exit.at, crossing.exit, entry.at}}});
        return true;
    });
    std::ranges::move(released, std::back_inserter(same.open));
}

}  // namespace portcullis
