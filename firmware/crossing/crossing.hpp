#pragma once
// Passages of one vehicle at an entry and an exit, told by their plates' texts alone. Precision before
// recall: what could be two ways is left unmatched, and told as ambiguous. Pure functions, reentrant.

#include <span>
#include <string_view>
#include <vector>

#include "core/crossing_question.hpp"

namespace portcullis {

struct PlateSighting {
    UtcTime at{};
    std::string_view text;  // A-Z 0-9; borrowed for the call; empty: unread
};

/// No greater distance is a match: one error and two look-alikes, or look-alikes alone.
inline constexpr int max_crossing_distance = 6;
/// The best answer must be better by so much than the second best.
inline constexpr int crossing_margin = 3;
/// In a shorter text an error more leaves too little.
inline constexpr std::size_t min_letters_with_error = 5;
/// Where more texts than this are alike but for one letter, all of them are ambiguous.
inline constexpr std::size_t max_texts_around = 32;

struct Crossing {
    std::size_t entry = 0;  // places in the lists that were given
    std::size_t exit = 0;
    microseconds dwell{};  // by the two clocks: below zero when they differ
    int distance = 0;      // of the two texts: plate_distance
    bool operator==(const Crossing&) const = default;
};

enum class Unmatched {
    unread,     // no text: never matched
    ambiguous,  // more than one may be it, or what it may be is another's too
    edge,       // the other passage may lie outside of the window
    alone       // nothing fits
};
[[nodiscard]] const char* to_string(Unmatched why);

struct LoneSighting {
    std::size_t place = 0;  // in the list that was given
    Unmatched why = Unmatched::alone;
    bool operator==(const LoneSighting&) const = default;
};

struct Crossings {
    std::vector<Crossing> matched;  // by the time of entry
    std::vector<LoneSighting> entries;
    std::vector<LoneSighting> exits;  // both by time
};

/// question is checked(): its window and spans count, its places are the caller's affair. The order in which
/// the sightings come says nothing.
[[nodiscard]] Crossings find_crossings(std::span<const PlateSighting> entries,
                                       std::span<const PlateSighting> exits,
                                       const CrossingQuestion& question);

/// Of all dwells; zero of none. Nearest rank.
struct DwellSummary {
    microseconds median{};
    microseconds centile_90{};
    bool operator==(const DwellSummary&) const = default;
};
[[nodiscard]] DwellSummary summary_of(std::span<const Crossing> crossings);

}  // namespace portcullis
