#include "crossing/same_plates.hpp"

#include <algorithm>
#include <tuple>

namespace portcullis {

namespace {

enum class State { open, matched, ambiguous };

struct Event {
    std::string_view text;
    UtcTime order{};  // an exit's is later by the slack: clocks that differ do not turn a crossing round
    bool is_exit = false;
    UtcTime at{};
    std::size_t place = 0;
    State state = State::open;
};

std::vector<Event> events_of(std::span<const PlateSighting> entries, std::span<const PlateSighting> exits,
                             const CrossingQuestion& question) {
    std::vector<Event> events;
    events.reserve(entries.size() + exits.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (!entries[i].text.empty())
            events.push_back({entries[i].text, entries[i].at, false, entries[i].at, i});
    for (std::size_t i = 0; i < exits.size(); ++i)
        if (!exits[i].text.empty())
            events.push_back({exits[i].text, exits[i].at + question.slack, true, exits[i].at, i});
    std::ranges::sort(events, [](const Event& a, const Event& b) {
        return std::tie(a.text, a.order, a.is_exit, a.place) < std::tie(b.text, b.order, b.is_exit, b.place);
    });
    return events;
}

bool pair_up(const Event& entry, const Event& exit, const CrossingQuestion& question) {
    return !entry.is_exit && exit.is_exit && fits_spans(exit.at - entry.at, question);
}

void match_group(std::span<Event> group, const CrossingQuestion& question) {
    for (std::size_t i = 1; i < group.size(); ++i)
        if (pair_up(group[i - 1], group[i], question)) group[i - 1].state = group[i].state = State::matched;
    for (std::size_t i = 1; i + 2 < group.size(); ++i)
        if (group[i].state == State::matched && group[i + 1].state == State::matched &&
            pair_up(group[i], group[i + 1], question) && pair_up(group[i - 1], group[i + 2], question))
            for (Event& event : group.subspan(i - 1, 4))
                event.state = State::ambiguous;
}

OpenText open_of(std::span<const Event> group) {
    OpenText open{group.front().text, {}, {}};
    std::optional<UtcTime> before;
    for (const Event& event : group) {
        if (!event.is_exit) continue;
        if (event.state == State::open) open.exits.push_back({event.at, event.place, before});
        before = event.at;
    }
    std::optional<UtcTime> after;
    for (auto event = group.rbegin(); event != group.rend(); ++event) {
        if (event->is_exit) continue;
        if (event->state == State::open) open.entries.push_back({event->at, event->place, after});
        after = event->at;
    }
    std::ranges::reverse(open.entries);
    return open;
}

void collect(std::span<const Event> group, SamePlates& found) {
    for (std::size_t i = 0; i < group.size(); ++i) {
        const Event& event = group[i];
        if (event.state == State::ambiguous)
            (event.is_exit ? found.ambiguous_exits : found.ambiguous_entries).push_back(event.place);
        if (event.state == State::matched && event.is_exit)
            found.matched.push_back({group[i - 1].place, event.place, event.at - group[i - 1].at, 0});
    }
    OpenText open = open_of(group);
    if (!open.entries.empty() || !open.exits.empty()) found.open.push_back(std::move(open));
}

}  // namespace

bool fits_spans(microseconds dwell, const CrossingQuestion& question) {
    return dwell >= question.shortest - question.slack && dwell <= question.longest + question.slack;
}

SamePlates match_same_plates(std::span<const PlateSighting> entries, std::span<const PlateSighting> exits,
                             const CrossingQuestion& question) {
    std::vector<Event> events = events_of(entries, exits, question);
    SamePlates found;
    for (std::size_t first = 0; first < events.size();) {
        std::size_t end = first;
        while (end < events.size() && events[end].text == events[first].text)
            ++end;
        const std::span<Event> group = std::span(events).subspan(first, end - first);
        match_group(group, question);
        collect(group, found);
        first = end;
    }
    return found;
}

}  // namespace portcullis
