#include "passage/assignment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

using namespace portcullis;

namespace {

double sum(const WorthTable& worth, const Pairing& pairs) {
    double total = 0;
    for (std::size_t row = 0; row < pairs.size(); ++row)
        if (pairs[row]) total += worth.at(row, *pairs[row]);
    return total;
}

/// By trying all.
double best_sum(const WorthTable& worth, std::size_t row, std::vector<bool>& taken) {
    if (row == worth.rows()) return 0;
    double best = best_sum(worth, row + 1, taken);
    for (std::size_t column = 0; column < worth.columns(); ++column) {
        if (taken[column] || worth.at(row, column) <= 0) continue;
        taken[column] = true;
        best = std::max(best, worth.at(row, column) + best_sum(worth, row + 1, taken));
        taken[column] = false;
    }
    return best;
}

WorthTable drawn(std::size_t rows, std::size_t columns, std::uint32_t& state) {
    WorthTable worth(rows, columns);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column) {
            state = state * 1664525U + 1013904223U;
            worth.at(row, column) = static_cast<double>(state >> 8U) / (1U << 24U) * 20 - 8;
        }
    return worth;
}

}  // namespace

TEST_CASE("the pairing is the best of all, whatever the shape of the table") {
    std::uint32_t state = 3;
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 4}, {4, 1}, {3, 3}, {5, 3}, {3, 6}, {6, 6}}) {
        for (int round = 0; round < 60; ++round) {
            const WorthTable worth =
                drawn(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), state);
            const Pairing pairs = best_pairing(worth);
            std::vector<bool> taken(worth.columns(), false);
            CHECK(sum(worth, pairs) == doctest::Approx(best_sum(worth, 0, taken)));
            std::vector<std::size_t> used;
            for (const auto& column : pairs)
                if (column) used.push_back(*column);
            std::ranges::sort(used);
            CHECK(std::ranges::adjacent_find(used) == used.end());
            CHECK(sum(worth, greedy_pairing(worth)) <= sum(worth, pairs) + 1e-9);
        }
    }
}

TEST_CASE("the best pair alone is not the best pairing") {
    WorthTable worth(2, 2);
    worth.at(0, 0) = 10;
    worth.at(0, 1) = 9;
    worth.at(1, 0) = 9;
    CHECK(best_pairing(worth) == Pairing{1, 0});
    CHECK(greedy_pairing(worth) == Pairing{0, std::nullopt});
}

TEST_CASE("what is worth nothing is not paired, and an empty table has no pairs") {
    WorthTable worth(2, 1);
    worth.at(0, 0) = -1;
    CHECK(best_pairing(worth) == Pairing{std::nullopt, std::nullopt});
    CHECK(greedy_pairing(worth) == Pairing{std::nullopt, std::nullopt});
    CHECK(best_pairing(WorthTable(0, 3)).empty());
    CHECK(best_pairing(WorthTable(2, 0)).size() == 2);
}
