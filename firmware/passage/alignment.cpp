#include "passage/alignment.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr float gap_cost =
    0.8F;  // below a wrong letter on each side: a lost letter shifts, it does not garble

float substitution_cost(char wanted, const CharacterReading& character) {
    if (character.letter == wanted) return 0;
    for (const CharacterChoice& choice : character.alternatives)
        if (choice.letter == wanted) return 1 - choice.confidence / 2;
    return 1;
}

}  // namespace

Alignment align(std::string_view consensus, const std::vector<CharacterReading>& characters) {
    const std::size_t rows = consensus.size() + 1;
    const std::size_t columns = characters.size() + 1;
    std::vector<float> cost(rows * columns);
    const auto at = [&](std::size_t row, std::size_t column) -> float& {
        return cost[row * columns + column];
    };
    for (std::size_t row = 0; row < rows; ++row)
        at(row, 0) = gap_cost * static_cast<float>(row);
    for (std::size_t column = 0; column < columns; ++column)
        at(0, column) = gap_cost * static_cast<float>(column);
    const auto diagonal = [&](std::size_t row, std::size_t column) {
        return at(row - 1, column - 1) + substitution_cost(consensus[row - 1], characters[column - 1]);
    };
    for (std::size_t row = 1; row < rows; ++row)
        for (std::size_t column = 1; column < columns; ++column)
            at(row, column) = std::min(
                {diagonal(row, column), at(row - 1, column) + gap_cost, at(row, column - 1) + gap_cost});

    Alignment alignment;
    alignment.places.resize(consensus.size());
    alignment.cost = at(rows - 1, columns - 1);
    std::size_t row = rows - 1;
    std::size_t column = columns - 1;
    while (row > 0 && column > 0) {
        if (at(row, column) >= diagonal(row, column)) {
            alignment.places[--row] = --column;
        } else if (at(row, column) >= at(row - 1, column) + gap_cost) {
            --row;
        } else {
            --column;
        }
    }
    return alignment;
}

}  // namespace portcullis
