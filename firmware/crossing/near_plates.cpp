#include "crossing/near_plates.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "crossing/plate_distance.hpp"
#include "crossing/text_index.hpp"

namespace portcullis {

namespace {

constexpr int nobody = std::numeric_limits<int>::max() / 2;

/// What a sighting has to choose from.
struct Choice {
    int best = nobody;
    std::size_t partner = 0;
    int second = nobody;
    bool crowded = false;

    void offer(int distance, std::size_t with) {
        if (distance >= best) {
            second = std::min(second, distance);
            return;
        }
        second = std::exchange(best, distance);
        partner = with;
    }
    [[nodiscard]] bool is_clear() const {
        return !crowded && best < nobody && second - best >= crossing_margin;
    }
    [[nodiscard]] bool is_doubtful() const { return crowded || best < nobody; }
};

struct Choices {
    std::vector<Choice> entries;
    std::vector<Choice> exits;
};

void offer_all(const OpenText& from, const OpenText& to, const CrossingQuestion& question, Choices& choices) {
    const int distance = plate_distance(from.text, to.text);
    if (!are_near(from.text, to.text, distance)) return;
    for (const OpenSighting& entry : from.entries) {
        const auto exit = std::ranges::lower_bound(to.exits, entry.at + question.shortest - question.slack,
                                                   {}, &OpenSighting::at);
        if (exit == to.exits.end() || !fits_spans(exit->at - entry.at, question)) continue;
        if ((entry.bound && exit->at >= *entry.bound) || (exit->bound && *exit->bound >= entry.at)) continue;
        choices.entries[entry.place].offer(distance, exit->place);
        choices.exits[exit->place].offer(distance, entry.place);
    }
}

void crowd(std::span<const OpenSighting> sightings, std::vector<Choice>& choices) {
    for (const OpenSighting& sighting : sightings)
        choices[sighting.place].crowded = true;
}

Choices choices_of(std::span<const OpenText> open, std::size_t entries, std::size_t exits,
                   const CrossingQuestion& question) {
    Choices choices{std::vector<Choice>(entries), std::vector<Choice>(exits)};
    TextIndex index;
    for (std::size_t i = 0; i < open.size(); ++i)
        if (!open[i].exits.empty()) index.add(open[i].text, i);
    for (const std::size_t text : index.crowded())
        crowd(open[text].exits, choices.exits);
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (open[i].entries.empty()) continue;
        const TextIndex::Around around = index.around(open[i].text);
        if (around.crowded) crowd(open[i].entries, choices.entries);
        for (const std::size_t text : around.ids)
            if (open[text].text != open[i].text) offer_all(open[i], open[text], question, choices);
    }
    return choices;
}

/// Whether one side's sighting has a clear best, whose own best it is as clearly.
bool is_mutual(const Choice& choice, const std::vector<Choice>& other_side, std::size_t self) {
    if (!choice.is_clear()) return false;
    const Choice& other = other_side[choice.partner];
    return other.is_clear() && other.partner == self;
}

}  // namespace

NearPlates match_near_plates(std::span<const OpenText> open, std::size_t entries, std::size_t exits,
                             const CrossingQuestion& question) {
    const Choices choices = choices_of(open, entries, exits, question);
    NearPlates found;
    for (const OpenText& text : open) {
        for (const OpenSighting& entry : text.entries) {
            const Choice& choice = choices.entries[entry.place];
            if (is_mutual(choice, choices.exits, entry.place))
                found.matched.push_back({entry.place, choice.partner, {}, choice.best});
            else if (choice.is_doubtful())
                found.ambiguous_entries.push_back(entry.place);
        }
        for (const OpenSighting& exit : text.exits) {
            const Choice& choice = choices.exits[exit.place];
            if (choice.is_doubtful() && !is_mutual(choice, choices.entries, exit.place))
                found.ambiguous_exits.push_back(exit.place);
        }
    }
    return found;
}

}  // namespace portcullis
