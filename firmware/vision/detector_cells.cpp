#include "vision/detector_cells.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// Two-row plates of motorcycles are about as high as wide, and narrower still from the side; the longest
// one-row plates are 5.2 : 1, flattened by a camera above the road.
constexpr float min_aspect = 0.5F;
constexpr float max_aspect = 12.0F;
constexpr float min_width_px = 6;  // of the network's input; below it nothing can be read
constexpr float min_height_px = 2;
constexpr float min_inside_share = 0.5F;   // of the box's area
constexpr float max_picture_share = 1.2F;  // of the picture's side

Quad quad_at(const CellGrid& grid, std::size_t cell) {
    const auto stride = static_cast<float>(grid.stride);
    const auto columns = static_cast<std::size_t>(grid.columns);
    const std::size_t row = cell / columns;
    const float x = (static_cast<float>(cell % columns) + 0.5F) * stride;
    const float y = (static_cast<float>(row) + 0.5F) * stride;
    const auto corners = grid.values.subspan(cell * numbers_per_cell + 1, numbers_per_cell - 1);
    Quad quad;
    for (std::size_t i = 0; i < 4; ++i)
        quad.corners[i] = {x + stride * corners[2 * i], y + stride * corners[2 * i + 1]};
    return quad;
}

bool is_finite(const Quad& quad) {
    return std::all_of(quad.corners.begin(), quad.corners.end(), [](const Point& corner) {
        return std::isfinite(corner.x) && std::isfinite(corner.y);
    });
}

float inside_share(const Box& box, float width, float height) {
    const float seen_width = std::min(box.right, width) - std::max(box.left, 0.0F);
    const float seen_height = std::min(box.bottom, height) - std::max(box.top, 0.0F);
    if (seen_width <= 0 || seen_height <= 0) return 0;
    return seen_width * seen_height / (box.width() * box.height());
}

}  // namespace

std::vector<PlateCandidate> candidates_of(const CellGrid& grid, float min_score) {
    const std::size_t cells = static_cast<std::size_t>(grid.rows) * static_cast<std::size_t>(grid.columns);
    const float least = std::log(min_score / (1 - min_score));
    const auto score = [&grid](std::size_t cell) { return grid.values[cell * numbers_per_cell]; };
    std::vector<std::size_t> live;
    for (std::size_t cell = 0; cell < cells; ++cell)
        if (score(cell) >= least) live.push_back(cell);
    std::stable_sort(live.begin(), live.end(),
                     [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
    live.resize(std::min(live.size(), max_live_cells));
    std::vector<PlateCandidate> candidates;
    candidates.reserve(live.size());
    for (const std::size_t cell : live)
        candidates.push_back({quad_at(grid, cell), 1 / (1 + std::exp(-score(cell)))});
    return candidates;
}

bool is_plausible(const Quad& quad, float picture_width, float picture_height) {
    if (!is_finite(quad) || !is_convex(quad) || signed_area(quad) <= 0) return false;
    const float width = mean_width(quad);
    const float height = mean_height(quad);
    if (width < min_width_px || height < min_height_px) return false;
    if (width < min_aspect * height || width > max_aspect * height) return false;
    const Box box = bounding_box(quad);
    if (box.width() > max_picture_share * picture_width || box.height() > max_picture_share * picture_height)
        return false;
    return inside_share(box, picture_width, picture_height) >= min_inside_share;
}

}  // namespace portcullis
