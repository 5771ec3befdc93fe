#include "passage/voter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "passage/alignment.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_rounds = 4;  // the consensus settles in two or three
constexpr float least_weight = 0.02F;  // even a doubtful reading has a voice
constexpr float outlier_share = 0.6F;  // a reading that differs in more of its letters says nothing of them
// Frames of one passage share their light and blur: a second reading is worth half a fresh one.
constexpr float worth_of_next_reading = 0.5F;
constexpr float most_readings_worth = 3;
constexpr float never_certain = 0.9999F;

/// What is known of one place of the text.
struct Place {
    std::array<float, plate_alphabet> evidence{};
    std::array<int, plate_alphabet> votes{};

    void add(char letter, float confidence) {
        if (const auto index = alphabet_index(letter)) evidence[*index] += confidence;
    }
    [[nodiscard]] std::size_t best() const {
        return static_cast<std::size_t>(std::ranges::max_element(evidence) - evidence.begin());
    }
};

/// Share of the evidence, raised by the number of readings that agree.
float confidence_of(float share, int agreeing) {
    const float worth = std::min(1 + worth_of_next_reading * static_cast<float>(std::max(agreeing, 1) - 1),
                                 most_readings_worth);
    return std::min(1 - std::pow(1 - std::clamp(share, 0.0F, 1.0F), worth), never_certain);
}

void count(const std::vector<CharacterReading>& characters, const Alignment& alignment, float weight,
           std::vector<Place>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!alignment.places[i]) continue;
        const CharacterReading& character = characters[*alignment.places[i]];
        places[i].add(character.letter, weight * character.confidence);
        if (const auto index = alphabet_index(character.letter)) ++places[i].votes[*index];
        for (const CharacterChoice& choice : character.alternatives)
            places[i].add(choice.letter, weight * choice.confidence);
    }
}

std::string consensus_of(const std::vector<Place>& places) {
    std::string text;
    for (const Place& place : places)
        text += alphabet_at(place.best());
    return text;
}

CharacterReading decide(const Place& place, float total) {
    const std::size_t chosen = place.best();
    CharacterReading character{
        alphabet_at(chosen), confidence_of(place.evidence[chosen] / total, place.votes[chosen]), {}};
    for (std::size_t i = 0; i < plate_alphabet; ++i)
        if (i != chosen && place.evidence[i] > 0)
            character.alternatives.push_back({alphabet_at(i), std::min(place.evidence[i] / total, 1.0F)});
    std::ranges::stable_sort(character.alternatives,
                             [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (character.alternatives.size() > max_voted_alternatives)
        character.alternatives.resize(max_voted_alternatives);
    return character;
}

}  // namespace

void Voter::add(Reading reading, float weight) {
    if (reading.characters.empty() || reading.characters.size() > max_voted_characters || !(weight > 0))
        return;
    const float own = weight * weight * std::max(reading.confidence, least_weight);
    ballots_.push_back({std::move(reading), own});
    // A total order, so that the outcome is the same whatever the order of arrival.
    std::ranges::stable_sort(ballots_, [](const Ballot& a, const Ballot& b) {
        if (a.weight != b.weight) return a.weight > b.weight;
        return text_of(a.reading.characters) < text_of(b.reading.characters);
    });
    if (ballots_.size() > max_voters) ballots_.pop_back();
}

Voter::Length Voter::vote_length() const {
    std::map<std::size_t, Length> lengths;
    float total = 0;
    for (const Ballot& ballot : ballots_) {
        Length& length = lengths[ballot.reading.characters.size()];
        length.characters = ballot.reading.characters.size();
        ++length.votes;
        length.share += ballot.weight;
        total += ballot.weight;
    }
    Length chosen = std::ranges::max_element(lengths, [](const auto& a, const auto& b) {
                        return a.second.share < b.second.share;
                    })->second;
    chosen.share /= total;
    return chosen;
}

/// The text of that length from which all readings together are least far: a sure stranger is not chosen.
std::string Voter::seed(std::size_t characters) const {
    std::string best;
    float least = std::numeric_limits<float>::max();
    for (const Ballot& candidate : ballots_) {
        if (candidate.reading.characters.size() != characters) continue;
        const std::string text = text_of(candidate.reading.characters);
        float distance = 0;
        for (const Ballot& other : ballots_)
            distance += other.weight * align(text, other.reading.characters).cost;
        if (distance < least) {
            least = distance;
            best = text;
        }
    }
    return best;
}

std::vector<Jurisdiction> Voter::look() const {
    std::map<std::string, float> shares;
    float total = 0;
    for (const Ballot& ballot : ballots_) {
        total += ballot.weight;
        for (const Jurisdiction& seen : ballot.reading.look)
            shares[seen.code] += ballot.weight * seen.confidence;
    }
    std::vector<Jurisdiction> look;
    look.reserve(shares.size());
    for (const auto& [code, share] : shares)
        look.push_back({code, share / total});
    return look;
}

Read Voter::result() const {
    if (ballots_.empty()) return {};
    if (ballots_.size() == 1) {
        const Reading& only = ballots_[0].reading;
        return {only.characters, only.confidence, 1, text_of(only.characters)};
    }
    const Length length = vote_length();
    std::string consensus = seed(length.characters);
    std::vector<Place> places;
    float total = 0;
    for (std::size_t round = 0; round < max_rounds; ++round) {
        places.assign(consensus.size(), {});
        total = 0;
        for (const Ballot& ballot : ballots_) {
            total += ballot.weight;
            const Alignment alignment = align(consensus, ballot.reading.characters);
            if (alignment.cost <= outlier_share * static_cast<float>(consensus.size()))
                count(ballot.reading.characters, alignment, ballot.weight, places);
        }
        if (consensus_of(places) == consensus) break;
        consensus = consensus_of(places);
    }
    Read read{{}, confidence_of(length.share, length.votes), static_cast<int>(ballots_.size())};
    for (const Place& place : places) {
        read.characters.push_back(decide(place, total));
        read.confidence *= read.characters.back().confidence;
    }
    read.raw = text_of(read.characters);
    return read;
}

}  // namespace portcullis
