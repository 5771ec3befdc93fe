#pragma once
// The first pass: equal texts. What it leaves open, text by text, is for the second. Pure, reentrant.

#include <optional>

#include "crossing/crossing.hpp"

namespace portcullis {

/// A sighting without a match so far.
struct OpenSighting {
    UtcTime at{};
    std::size_t place = 0;
    /// When the same text was seen again at the entry, or before at the exit: its match lies on this side.
    std::optional<UtcTime> bound{};
};

struct OpenText {
    std::string_view text;
    std::vector<OpenSighting> entries;  // both by time
    std::vector<OpenSighting> exits;
};

struct SamePlates {
    std::vector<Crossing> matched;
    std::vector<std::size_t> ambiguous_entries;  // two vehicles of one text, as it seems
    std::vector<std::size_t> ambiguous_exits;
    std::vector<OpenText> open;  // ascending by text
};

/// Whether a vehicle that entered and left then is within the spans.
[[nodiscard]] bool fits_spans(microseconds dwell, const CrossingQuestion& question);

/// An exit belongs to the entry right before it, if no other sighting of that text lies between. Entry,
/// entry, exit, exit is two vehicles or two passages that were missed: all four are ambiguous. Unread ones
/// are left out.
[[nodiscard]] SamePlates match_same_plates(std::span<const PlateSighting> entries,
                                           std::span<const PlateSighting> exits,
                                           const CrossingQuestion& question);

}  // namespace portcullis
