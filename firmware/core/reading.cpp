#include "core/reading.hpp"

namespace portcullis {

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
