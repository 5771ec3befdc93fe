#include "core/reading.hpp"

namespace portcullis {

std::optional<std::size_t> alphabet_index(char sign) {
    if (sign >= '0' && sign <= '9') return static_cast<std::size_t>(sign - '0');
    if (sign >= 'A' && sign <= 'Z') return static_cast<std::size_t>(sign - 'A') + 10;
    return std::nullopt;
}

char alphabet_at(std::size_t index) {
    return static_cast<char>(index < 10 ? '0' + static_cast<int>(index) : 'A' + static_cast<int>(index) - 10);
}

std::string text_of(const std::vector<CharacterReading>& characters) {
    std::string text;
    text.reserve(characters.size());
    for (const CharacterReading& character : characters)
        text += character.letter;
    return text;
}

std::string published_text(const std::vector<CharacterReading>& characters) {
    std::string text;
    for (const CharacterReading& character : characters) {
        std::string set(1, character.letter);
        for (const CharacterChoice& choice : character.alternatives)
            if (choice.confidence >= ambiguous_share * character.confidence) set += choice.letter;
        text += set.size() > 1 ? "[" + set + "]" : set;
    }
    return text;
}

}  // namespace portcullis
