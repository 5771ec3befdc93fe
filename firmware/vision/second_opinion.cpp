#include "vision/second_opinion.hpp"

#include <algorithm>
#include <array>

namespace portcullis {

namespace {

// The networks read more plates rightly than Tesseract's engine does (models/README.md), so they weigh more.
constexpr float weight_of_first = 0.7F;
constexpr std::size_t max_alternatives = 3;
constexpr float least_alternative = 0.01F;
// Plates of one or two characters are rare, and badges, lamps and bolts are not: only a sure one counts.
constexpr std::size_t few_characters = 2;
constexpr float sure_of_few = 0.9F;
constexpr float least_asked = 0.1F;

void add(std::array<float, 128>& evidence, const CharacterReading& character, float weight) {
    evidence[static_cast<std::size_t>(character.letter) & 127U] += weight * character.confidence;
    for (const CharacterChoice& choice : character.alternatives)
        evidence[static_cast<std::size_t>(choice.letter) & 127U] += weight * choice.confidence;
}

CharacterReading merged(const CharacterReading& first, const CharacterReading& second) {
    std::array<float, 128> evidence{};
    add(evidence, first, weight_of_first);
    add(evidence, second, 1 - weight_of_first);
    const auto best = std::ranges::max_element(evidence);
    CharacterReading character{static_cast<char>(best - evidence.begin()), *best, {}};
    for (std::size_t letter = 0; letter < evidence.size(); ++letter)
        if (static_cast<char>(letter) != character.letter && evidence[letter] >= least_alternative)
            character.alternatives.push_back({static_cast<char>(letter), evidence[letter]});
    std::ranges::stable_sort(character.alternatives,
                             [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    character.alternatives.resize(std::min(character.alternatives.size(), max_alternatives));
    return character;
}

/// The more confident of two readings that do not even agree on the length; the other's doubt counts.
Reading prevailing(const Reading& first, const Reading& second) {
    const bool takes_first = first.confidence >= second.confidence;
    Reading chosen = takes_first ? first : second;
    const float other = takes_first ? second.confidence : first.confidence;
    chosen.confidence *= chosen.confidence / (chosen.confidence + other);
    return chosen;
}

/// Most of what the network hardly reads is no plate, and each further reader takes longer than the first.
bool is_worth_asking(const Reading& reading) {
    return reading.characters.size() > few_characters && reading.confidence >= least_asked;
}

}  // namespace

Reading merge_readings(const Reading& first, const Reading& second) {
    if (first.characters.empty()) return second;
    if (second.characters.empty()) return first;
    if (first.characters.size() != second.characters.size()) return prevailing(first, second);
    Reading reading;
    for (std::size_t i = 0; i < first.characters.size(); ++i)
        reading.characters.push_back(merged(first.characters[i], second.characters[i]));
    const std::string text = text_of(reading.characters);
    const float agreed = text_of(first.characters) == text ? first.confidence : 0;
    const float agreed_too = text_of(second.characters) == text ? second.confidence : 0;
    reading.confidence = weight_of_first * agreed + (1 - weight_of_first) * agreed_too;
    return reading;
}

bool is_publishable(const Reading& reading, float least_confidence) {
    const bool few = reading.characters.size() <= few_characters;
    return reading.confidence >= (few ? std::max(sure_of_few, least_confidence) : least_confidence);
}

SecondOpinion::SecondOpinion(PlateReaders readers, const SecondOpinionSettings& settings)
    : readers_(std::move(readers)), settings_(settings) {}

Result<SecondOpinion> SecondOpinion::create(PlateReaders readers, const SecondOpinionSettings& settings) {
    const auto is_share = [](float value) { return value >= 0 && value <= 1; };
    if (!is_share(settings.sure_alone) || !is_share(settings.sure))
        return fail(ErrorCode::invalid_argument, "second opinion: sure_alone and sure must lie in [0, 1]");
    if (!is_share(settings.least_confidence))
        return fail(ErrorCode::invalid_argument, "second opinion: least_confidence must lie in [0, 1]");
    return SecondOpinion(std::move(readers), settings);
}

Result<Reading> SecondOpinion::read(const PlatePatch& patch) {
    std::array<Testimony, 2> seen;
    NetworkTestimony first = TRY(readers_.first.testify(patch));
    seen[0] = std::move(first.steps);
    Reading reading = decode(seen[0]);
    if (reading.confidence < settings_.sure_alone && is_worth_asking(reading)) {
        seen[1] = TRY(readers_.second.testify(patch))
        .steps;
        reading = decode(seen);
        if (reading.confidence < settings_.sure)
            reading = merge_readings(reading, TRY(readers_.tesseract.read(patch)));
    }
    if (!is_publishable(reading, settings_.least_confidence)) return Reading{};
    if (!reading.characters.empty()) reading.look = std::move(first.look);
    return reading;
}

}  // namespace portcullis
