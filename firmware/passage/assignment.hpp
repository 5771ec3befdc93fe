#pragma once
// Assignment: which candidate goes on with which track, so that all together fit best. Pure functions,
// reentrant.

#include <optional>
#include <vector>

namespace portcullis {

/// What each pairing is worth, row by row. 0 or less: it cannot be.
class WorthTable {
  public:
    WorthTable(std::size_t rows, std::size_t columns)
        : rows_(rows), columns_(columns), worth_(rows * columns, 0.0) {}
    [[nodiscard]] double& at(std::size_t row, std::size_t column) { return worth_[row * columns_ + column]; }
    [[nodiscard]] double at(std::size_t row, std::size_t column) const {
        return worth_[row * columns_ + column];
    }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t columns() const { return columns_; }

  private:
    std::size_t rows_;
    std::size_t columns_;
    std::vector<double> worth_;
};

/// For each row its column, if any; no column twice.
using Pairing = std::vector<std::optional<std::size_t>>;

/// The pairing of the greatest sum, by shortest augmenting paths (Kuhn, Naval Research Logistics 2, 1955;
/// Jonker, Volgenant, Computing 38, 1987): rows^2 * columns steps at most.
[[nodiscard]] Pairing best_pairing(const WorthTable& worth);
/// The best pair first, then the best of what is left.
[[nodiscard]] Pairing greedy_pairing(const WorthTable& worth);

}  // namespace portcullis
