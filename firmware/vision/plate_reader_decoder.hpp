#pragma once
// Connectionist temporal classification (CTC): from the network's softmax outputs, one distribution a time
// step, to the most probable text with honest confidences. Pure functions, reentrant.
//
// The probability of a text is the sum over all its alignments to the time steps (forward algorithm). A
// Reading's confidence is that probability. A character's confidence compares the text with the texts that
// differ at this place only (another character, or none): P(text) / (P(text) + sum of P(texts that differ
// here)).

#include <span>
#include <string>
#include <vector>

#include "core/reading.hpp"

namespace portcullis {

/// What the network says at one time step. Choices below the network's output threshold are missing; the
/// blank (no character begins here) gets what is left.
struct TimeStep {
    std::vector<CharacterChoice> choices;
    float blank = 0;
};

inline constexpr std::size_t max_time_steps = 256;  // steps beyond it are not looked at
inline constexpr std::size_t max_characters = 16;   // longer texts are no plates; the search keeps below it

/// The probability of exactly this text, in [0,1].
[[nodiscard]] double text_probability(std::span<const TimeStep> steps, const std::string& text);

/// What one network says of one patch. At most max_time_steps.
using Testimony = std::vector<TimeStep>;

/// The best reading; no characters if blank is the most probable text. Alternatives at each place, best
/// first, at most three, none below 0.01.
[[nodiscard]] Reading decode(const Testimony& testimony);

/// The best reading of several networks that saw the same patch: a text is as probable as the geometric mean
/// of what they hold of it (a product of experts: Hinton, Neural Computation 14, 2002), so what they do not
/// agree on is less sure than either said.
[[nodiscard]] Reading decode(std::span<const Testimony> testimonies);

}  // namespace portcullis
