#include "vision/plate_reader_decoder.hpp"

#include <algorithm>
#include <map>

namespace portcullis {
namespace {

constexpr std::size_t beam_width = 16;
constexpr std::size_t max_alternatives = 3;
constexpr double least_alternative = 0.01;

// The probability that the steps so far spell the prefix, ending in a blank or in the prefix's last
// character.
struct PrefixMass {
    double in_blank = 0;
    double in_letter = 0;
    [[nodiscard]] double total() const { return in_blank + in_letter; }
};
using Beam = std::map<std::string, PrefixMass>;

void extend(Beam& next, const std::string& prefix, const PrefixMass& mass, const CharacterChoice& choice) {
    const auto p = static_cast<double>(choice.confidence);
    const bool repeats = !prefix.empty() && prefix.back() == choice.letter;
    if (repeats) next[prefix].in_letter += mass.in_letter * p;  // the same character goes on
    if (prefix.size() == max_characters) return;
    next[prefix + choice.letter].in_letter += (repeats ? mass.in_blank : mass.total()) * p;
}

Beam advanced(const Beam& beam, const TimeStep& step) {
    Beam next;
    for (const auto& [prefix, mass] : beam) {
        next[prefix].in_blank += mass.total() * static_cast<double>(step.blank);
        for (const CharacterChoice& choice : step.choices)
            extend(next, prefix, mass, choice);
    }
    return next;
}

Beam best_of(const Beam& beam) {
    std::vector<std::pair<double, const Beam::value_type*>> order;
    for (const auto& entry : beam)
        order.emplace_back(entry.second.total(), &entry);
    const std::size_t kept = std::min(beam_width, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    Beam best;
    for (std::size_t i = 0; i < kept; ++i)
        best.insert(*order[i].second);
    return best;
}

std::string best_text(std::span<const TimeStep> steps) {
    Beam beam{{std::string(), PrefixMass{1, 0}}};
    for (const TimeStep& step : steps)
        beam = best_of(advanced(beam, step));
    const auto best = std::max_element(beam.begin(), beam.end(), [](const auto& a, const auto& b) {
        return a.second.total() < b.second.total();
    });
    return best->first;
}

double probability_of(const TimeStep& step, char letter) {
    for (const CharacterChoice& choice : step.choices)
        if (choice.letter == letter) return static_cast<double>(choice.confidence);
    return 0;
}

std::string letters_seen(std::span<const TimeStep> steps) {
    std::string seen;
    for (const TimeStep& step : steps)
        for (const CharacterChoice& choice : step.choices)
            if (seen.find(choice.letter) == std::string::npos) seen.push_back(choice.letter);
    return seen;
}

CharacterReading read_place(std::span<const TimeStep> steps, const std::string& text, double probability,
                            std::size_t place, const std::string& seen) {
    std::string other = text;
    other.erase(place, 1);
    double sum = probability + text_probability(steps, other);
    std::vector<std::pair<double, char>> rivals;
    for (const char letter : seen) {
        if (letter == text[place]) continue;
        other = text;
        other[place] = letter;
        rivals.emplace_back(text_probability(steps, other), letter);
        sum += rivals.back().first;
    }
    std::sort(rivals.begin(), rivals.end(), std::greater<>());
    CharacterReading reading{text[place], static_cast<float>(probability / sum), {}};
    for (const auto& [p, letter] : rivals) {
        if (reading.alternatives.size() == max_alternatives || p / sum < least_alternative) break;
        reading.alternatives.push_back({letter, static_cast<float>(p / sum)});
    }
    return reading;
}

}  // namespace

double text_probability(std::span<const TimeStep> steps, const std::string& text) {
    // States: blank, first character, blank, second character, ... blank.
    const std::size_t states = 2 * text.size() + 1;
    std::vector<double> now(states, 0);
    std::vector<double> next(states, 0);
    now[0] = 1;  // before the first step: only the leading blank's place
    for (const TimeStep& step : steps) {
        for (std::size_t s = 0; s < states; ++s) {
            double mass = now[s] + (s > 0 ? now[s - 1] : 0);
            const bool is_letter = s % 2 == 1;
            if (is_letter && s >= 3 && text[s / 2] != text[s / 2 - 1]) mass += now[s - 2];
            next[s] =
                mass * (is_letter ? probability_of(step, text[s / 2]) : static_cast<double>(step.blank));
        }
        std::swap(now, next);
    }
    return now[states - 1] + (states > 1 ? now[states - 2] : 0);
}

Reading decode(std::span<const TimeStep> steps) {
    steps = steps.first(std::min(steps.size(), max_time_steps));
    const std::string text = best_text(steps);
    const double probability = text_probability(steps, text);
    Reading reading;
    if (text.empty() || probability <= 0) return reading;
    const std::string seen = letters_seen(steps);
    for (std::size_t place = 0; place < text.size(); ++place)
        reading.characters.push_back(read_place(steps, text, probability, place, seen));
    reading.confidence = static_cast<float>(std::min(1.0, probability));
    return reading;
}

}  // namespace portcullis
