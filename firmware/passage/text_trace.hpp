#pragma once
// TextTrace: what is kept of a plate's text to know it again, from which nobody reads it: of each place only
// which of four groups its letter belongs to. The groups hold eight to eleven letters and digits each,
// look-alikes together, so most of what is misread stays the same. A text of seven places shares its trace
// with every 16,384th of all plates: thousands of those of a country. A digest with a key would say more, for
// its key would lie in the same memory, and all plates are soon tried. Values; pure functions.

#include <array>
#include <cstdint>
#include <vector>

#include "core/reading.hpp"

namespace portcullis {

inline constexpr std::size_t max_traced_letters = 12;

/// 0 to 3, of A-Z and 0-9; 0 of anything else.
[[nodiscard]] std::uint8_t letter_group(char letter);

struct TextTrace {
    std::array<std::uint8_t, max_traced_letters> groups{};
    std::uint8_t length = 0;  // 0: nothing is kept
    bool operator==(const TextTrace&) const = default;
};

/// Whether one of the two lacks just one letter of the other, wherever.
[[nodiscard]] bool differ_by_a_lost_letter(const TextTrace& a, const TextTrace& b);
/// Whether they are of one length and just one letter is of another group.
[[nodiscard]] bool differ_by_a_misread_letter(const TextTrace& a, const TextTrace& b);

/// Nothing is kept of a text that is longer than max_traced_letters.
[[nodiscard]] TextTrace trace_of(const std::vector<CharacterReading>& characters);

}  // namespace portcullis
