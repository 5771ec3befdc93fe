#include "passage/text_trace.hpp"

#include <algorithm>

namespace portcullis {

namespace {

// In the alphabet's order: {06CDGOQU} {17IJLTVY} {358BEFPRS} {249AHKMNWXZ}.
// No two digits in a row: plates of a fleet differ.
constexpr std::array<std::uint8_t, plate_alphabet> group_of = {0, 1, 3, 2, 3, 2, 0, 1, 2, 3,  // 0 to 9
                                                               3, 2, 0, 0, 2, 2, 0, 3, 1, 1, 3, 1, 3, 3,
                                                               0, 2, 0, 2, 2, 1, 0, 1, 3, 3, 1, 3};  // A to Z

}  // namespace

std::uint8_t letter_group(char letter) {
    return group_of[alphabet_index(letter).value_or(0)];
}

bool differ_by_a_lost_letter(const TextTrace& a, const TextTrace& b) {
    const TextTrace& less = a.length < b.length ? a : b;
    const TextTrace& more = a.length < b.length ? b : a;
    if (less.length + 1 != more.length) return false;
    const auto end = less.groups.begin() + less.length;
    const auto [at, in_more] = std::mismatch(less.groups.begin(), end, more.groups.begin());
    return std::equal(at, end, in_more + 1);
}

bool differ_by_a_misread_letter(const TextTrace& a, const TextTrace& b) {
    int others = 0;
    for (std::size_t i = 0; i < a.groups.size(); ++i)
        if (a.groups[i] != b.groups[i]) ++others;
    return a.length == b.length && others == 1;
}

TextTrace trace_of(const std::vector<CharacterReading>& characters) {
    TextTrace trace;
    if (characters.size() > max_traced_letters) return trace;
    for (const CharacterReading& character : characters)
        trace.groups[trace.length++] = letter_group(character.letter);
    return trace;
}

}  // namespace portcullis
