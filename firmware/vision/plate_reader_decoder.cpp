#include "vision/plate_reader_decoder.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace portcullis {
namespace {

constexpr std::size_t beam_width = 16;
constexpr std::size_t max_alternatives = 3;
constexpr double least_alternative = 0.01;
// One who holds a text for impossible cannot rule it out alone: networks are sure of what is false, too.
constexpr double never_quite = 1e-4;

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

std::string letters_seen(std::span<const Testimony> testimonies) {
    std::string seen;
    for (const Testimony& steps : testimonies)
        for (const TimeStep& step : steps)
            for (const CharacterChoice& choice : step.choices)
                if (seen.find(choice.letter) == std::string::npos) seen.push_back(choice.letter);
    return seen;
}

/// The geometric mean of what each holds for the probability of the text.
double joint_probability(std::span<const Testimony> testimonies, const std::string& text) {
    if (testimonies.size() == 1) return text_probability(testimonies.front(), text);
    double logarithms = 0;
    for (const Testimony& steps : testimonies)
        logarithms += std::log(text_probability(steps, text) + never_quite);
    return std::exp(logarithms / static_cast<double>(testimonies.size()));
}

CharacterReading read_place(std::span<const Testimony> testimonies, const std::string& text,
                            double probability, std::size_t place, const std::string& seen) {
    std::string other = text;
    other.erase(place, 1);
    double sum = probability + joint_probability(testimonies, other);
    std::vector<std::pair<double, char>> rivals;
    for (const char letter : seen) {
        if (letter == text[place]) continue;
        other = text;
        other[place] = letter;
        rivals.emplace_back(joint_probability(testimonies, other), letter);
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

/// The most probable of the texts that each finds best by itself.
std::string best_text_of_all(std::span<const Testimony> testimonies) {
    std::string best;
    double most = -1;
    for (const Testimony& steps : testimonies) {
        const std::string text = best_text(steps);
        const double probability = joint_probability(testimonies, text);
        if (probability > most) {
            best = text;
            most = probability;
        }
    }
    return best;
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

Reading decode(std::span<const Testimony> testimonies) {
    std::string text = best_text_of_all(testimonies);
    double probability = joint_probability(testimonies, text);
    if (text.empty() || probability <= 0) return {};
    const std::string seen = letters_seen(testimonies);
    Reading reading;
    // Together another letter may be more probable than either's best: then the text is improved, place by
    // place; each change makes it more probable, so it ends.
    while (reading.characters.size() < text.size()) {
        const std::size_t place = reading.characters.size();
        CharacterReading found = read_place(testimonies, text, probability, place, seen);
        if (!found.alternatives.empty() && found.alternatives.front().confidence > found.confidence) {
            text[place] = found.alternatives.front().letter;
            probability = joint_probability(testimonies, text);
            reading.characters.clear();
        } else {
            reading.characters.push_back(std::move(found));
        }
    }
    reading.confidence = static_cast<float>(std::min(1.0, probability));
    return reading;
}

Reading decode(const Testimony& testimony) {
    return decode(std::span(&testimony, 1));
}

}  // namespace portcullis
