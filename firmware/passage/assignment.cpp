#include "passage/assignment.hpp"

#include <algorithm>
#include <limits>

namespace portcullis {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Rows and columns count from 1 in here; 0 is "none". Each row may also take a column of its own behind the
/// real ones, which is worth nothing: staying alone.
class PathSearch {
  public:
    explicit PathSearch(const WorthTable& worth)
        : worth_(worth),
          columns_(worth.columns() + worth.rows()),
          row_price_(worth.rows() + 1, 0.0),
          column_price_(columns_ + 1, 0.0),
          row_of_(columns_ + 1, 0),
          before_(columns_ + 1, 0) {}

    void place(std::size_t row) {
        row_of_[0] = row;
        std::vector<double> least(columns_ + 1, infinite);
        std::vector<bool> settled(columns_ + 1, false);
        std::size_t at = 0;
        while (row_of_[at] != 0)
            at = step(at, least, settled);
        for (; at != 0; at = before_[at])
            row_of_[at] = row_of_[before_[at]];
    }

    [[nodiscard]] Pairing pairing() const {
        Pairing pairs(worth_.rows());
        for (std::size_t column = 1; column <= worth_.columns(); ++column) {
            const std::size_t row = row_of_[column];
            if (row != 0 && worth_.at(row - 1, column - 1) > 0) pairs[row - 1] = column - 1;
        }
        return pairs;
    }

  private:
    [[nodiscard]] double cost(std::size_t row, std::size_t column) const {
        return column <= worth_.columns() ? -std::max(worth_.at(row - 1, column - 1), 0.0) : 0.0;
    }

    /// Settles one column more, the nearest, and gives it.
    std::size_t step(std::size_t at, std::vector<double>& least, std::vector<bool>& settled) {
        settled[at] = true;
        const std::size_t row = row_of_[at];
        double nearest = infinite;
        std::size_t next = 0;
        for (std::size_t column = 1; column <= columns_; ++column) {
            if (settled[column]) continue;
            const double reduced = cost(row, column) - row_price_[row] - column_price_[column];
            if (reduced < least[column]) {
                least[column] = reduced;
                before_[column] = at;
            }
            if (least[column] < nearest) {
                nearest = least[column];
                next = column;
            }
        }
        for (std::size_t column = 0; column <= columns_; ++column) {
            if (settled[column]) {
                row_price_[row_of_[column]] += nearest;
                column_price_[column] -= nearest;
            } else {
                least[column] -= nearest;
            }
        }
        return next;
    }

    const WorthTable& worth_;
    std::size_t columns_;
    std::vector<double> row_price_;
    std::vector<double> column_price_;
    std::vector<std::size_t> row_of_;
    std::vector<std::size_t> before_;
};

}  // namespace

Pairing best_pairing(const WorthTable& worth) {
    PathSearch search(worth);
    for (std::size_t row = 1; row <= worth.rows(); ++row)
        search.place(row);
    return search.pairing();
}

Pairing greedy_pairing(const WorthTable& worth) {
    struct Pair {
        double worth;
        std::size_t row;
        std::size_t column;
    };
    std::vector<Pair> pairs;
    for (std::size_t row = 0; row < worth.rows(); ++row)
        for (std::size_t column = 0; column < worth.columns(); ++column)
            if (worth.at(row, column) > 0) pairs.push_back({worth.at(row, column), row, column});
    std::ranges::stable_sort(pairs, [](const Pair& a, const Pair& b) { return a.worth > b.worth; });
    Pairing chosen(worth.rows());
    std::vector<bool> taken(worth.columns(), false);
    for (const Pair& pair : pairs) {
        if (chosen[pair.row] || taken[pair.column]) continue;
        chosen[pair.row] = pair.column;
        taken[pair.column] = true;
    }
    return chosen;
}

}  // namespace portcullis
