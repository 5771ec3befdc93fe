#pragma once
// Readings (one OCR pass over one patch) and reads (the voted result of a passage). Values.
// The text is personal data: never in a log, an error message or a file name.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace portcullis {

struct CharacterChoice {
    char letter = 0;       // A-Z or 0-9
    float confidence = 0;  // in [0,1]
};

/// One place of a text: what was chosen, and what else it may be (best first, without the chosen one).
struct CharacterReading {
    char letter = 0;
    float confidence = 0;
    std::vector<CharacterChoice> alternatives;
};

/// The issuing country and authority, as "de", "br" or "us-tx": ISO 3166 in lower case.
struct Jurisdiction {
    std::string code = "unknown";  // an honest answer
    float confidence = 0;          // in [0,1]; 0 when unknown
};

/// One OCR pass over one patch. No characters: nothing was readable.
struct Reading {
    std::vector<CharacterReading> characters;
    float confidence = 0;  // that the whole text is right, in [0,1]
    /// What the look of the plate says of its jurisdiction: codes of jurisdictions or of groups of them
    /// ("eu"), together at most 1. Empty: nothing.
    std::vector<Jurisdiction> look{};
};

/// The voted result for one passage. No characters: `unread` (a plate was found, nothing readable).
struct Read {
    std::vector<CharacterReading> characters;
    float confidence = 0;  // that the whole text is right, in [0,1]
    int readings = 0;      // how many took part in the vote
    std::string raw{};     // the text as voted, before plate formats were weighed; may equal the text
    Jurisdiction jurisdiction{};
};

/// The characters that a plate's text is made of, numbered: 0 to 9, then A to Z.
inline constexpr std::size_t plate_alphabet = 36;
/// Empty for anything else.
[[nodiscard]] std::optional<std::size_t> alphabet_index(char sign);
[[nodiscard]] char alphabet_at(std::size_t index);

[[nodiscard]] std::string text_of(const std::vector<CharacterReading>& characters);

/// An alternative of at least this share of the chosen letter's confidence is part of the ambiguity set.
inline constexpr float ambiguous_share = 0.25F;

/// The text with its ambiguity sets, chosen letter first: AB[O0]123. Where nothing is in doubt, the text.
[[nodiscard]] std::string published_text(const std::vector<CharacterReading>& characters);

}  // namespace portcullis
