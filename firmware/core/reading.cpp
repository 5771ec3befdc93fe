#include "core/reading.hpp"

namespace portcullis {

std::string text_of(const std::vector<CharacterReading>& characters) {
    std::string text;
    text.reserve(characters.size());
    for (const CharacterReading& character : characters)
        text += character.letter;
    return text;
}

}  // namespace portcullis
