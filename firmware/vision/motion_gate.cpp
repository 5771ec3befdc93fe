#include "vision/motion_gate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vision/mat_view.hpp"

namespace portcullis {

namespace {

constexpr std::size_t fewest_cells = 32;  // with less, one thing is the whole picture's mean
constexpr int probes = 4;                 // a side, of a cell that is laid over the ROI

}  // namespace

bool MotionGate::still(const FrameView& view, BootTime now) {
    measured_ = false;
    if (!check_view(view)) return false;
    if (!grid_.fits(view)) {
        grid_.fit(view);
        choose_cells();
        reference_.clear();
    }
    grid_.measure(view);
    measured_ = true;
    asked_at_ = now;
    if (reference_.empty() || reference_.size() < fewest_cells) return false;
    if (now < searched_at_ || now - searched_at_ >= settings_.max_still) return false;
    return unchanged();
}

void MotionGate::searched() {
    if (!measured_) return;
    const auto means = grid_.means();
    reference_.assign(means.begin(), means.end());
    searched_at_ = asked_at_;
}

bool MotionGate::unchanged() const {
    const auto means = grid_.means();
    const auto sum = [](std::span<const float> values) {
        return std::accumulate(values.begin(), values.end(), 0.0);
    };
    const auto cells = static_cast<double>(means.size());
    const auto whole = static_cast<float>((sum(means) - sum(reference_)) / cells);
    for (std::size_t i = 0; i < means.size(); ++i)
        if (counts_[i] != 0 && std::abs(means[i] - reference_[i] - whole) > settings_.threshold_grey)
            return false;
    return true;
}

void MotionGate::choose_cells() {
    const int columns = grid_.columns();
    const int rows = grid_.rows();
    const auto at = [&](int column, int row) {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
               static_cast<std::size_t>(column);
    };
    counts_.assign(grid_.means().size(), 0);
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            if (!touches_roi(grid_.cell(column, row))) continue;
            for (int y = std::max(0, row - 1); y <= std::min(rows - 1, row + 1); ++y)
                for (int x = std::max(0, column - 1); x <= std::min(columns - 1, column + 1); ++x)
                    counts_[at(x, y)] = 1;
        }
}

bool MotionGate::touches_roi(const Box& cell) const {
    for (int y = 0; y < probes; ++y)
        for (int x = 0; x < probes; ++x) {
            const Point probe{cell.left + cell.width() * (static_cast<float>(x) + 0.5F) / probes,
                              cell.top + cell.height() * (static_cast<float>(y) + 0.5F) / probes};
            if (contains(roi_, probe)) return true;
        }
    return false;
}

}  // namespace portcullis
