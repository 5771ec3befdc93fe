#pragma once
// Voter: makes one read of the readings of a passage, character by character. First the length is voted, then
// each reading is aligned to the running consensus, then the evidence for each letter is summed: a letter
// that several frames hold for likely wins over one that a single frame is sure of. The outcome does not
// depend on the order in which the readings came. Thread-bound.

#include <cstddef>
#include <string>
#include <vector>

#include "core/reading.hpp"

namespace portcullis {

inline constexpr std::size_t max_voters = 24;            // at the limit the lightest reading makes way
inline constexpr std::size_t max_voted_characters = 16;  // a longer reading is no plate
inline constexpr std::size_t max_voted_alternatives = 4;

class Voter {
  public:
    /// weight: how much the patch deserves to be believed (size, sharpness), above 0; it counts squared, for
    /// looks from afar err together. A reading without
    /// characters, or with too many, does not vote.
    void add(Reading reading, float weight);

    /// The consensus so far; no characters when nothing readable came. A single reading stands as it is.
    [[nodiscard]] Read result() const;
    /// What the looks of the readings say of the jurisdiction, weighed as the readings are.
    [[nodiscard]] std::vector<Jurisdiction> look() const;
    [[nodiscard]] std::size_t voters() const { return ballots_.size(); }

  private:
    struct Ballot {
        Reading reading;
        float weight = 0;  // with the reading's own confidence
    };
    /// The winner of the vote on how many characters the plate has.
    struct Length {
        std::size_t characters = 0;
        float share = 0;  // of all weight
        int votes = 0;
    };
    [[nodiscard]] Length vote_length() const;
    [[nodiscard]] std::string seed(std::size_t characters) const;

    std::vector<Ballot> ballots_;  // heaviest first
};

}  // namespace portcullis
