#include "vision/luma_grid.hpp"

#include <algorithm>
#include <numeric>

namespace portcullis {

namespace {

constexpr int cell_width_px = 16;
constexpr int cell_height_px = 8;
constexpr int line_step = 2;
constexpr int unscaled_side_px = 1280;

int bytes_a_pixel(PixelFormat format) {
    return format == PixelFormat::bgr24 ? 3 : 1;
}

}  // namespace

bool LumaGrid::fits(const FrameView& view) const {
    return view.format == format_ && view.width == width_ && view.height == height_;
}

void LumaGrid::fit(const FrameView& view) {
    format_ = view.format;
    width_ = view.width;
    height_ = view.height;
    const int scale = std::max(1, std::max(width_, height_) / unscaled_side_px);
    line_step_ = line_step * scale;
    columns_ = std::max(1, width_ / (cell_width_px * scale));
    rows_ = std::max(1, height_ / (cell_height_px * scale));
    sums_.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(bytes_a_pixel(format_)), 0);
    means_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), 0);
}

// Down the lines first, which the compiler turns into vector code, then along the sums, once a row of cells.
void LumaGrid::measure(const FrameView& view) {
    const int bytes = bytes_a_pixel(format_);
    float* mean = means_.data();
    for (int row = 0; row < rows_; ++row) {
        const int lines = add_lines(view, row);
        for (int column = 0; column < columns_; ++column) {
            const int begin = left_of(column) * bytes;
            const int end = left_of(column + 1) * bytes;
            const std::uint32_t sum =
                std::accumulate(sums_.begin() + begin, sums_.begin() + end, std::uint32_t{0});
            *mean++ = static_cast<float>(sum) / static_cast<float>((end - begin) * lines);
        }
    }
}

/// Gives how many lines were added: at most 8 of at most 255 each, so 16 bits hold the sums.
int LumaGrid::add_lines(const FrameView& view, int row) {
    std::ranges::fill(sums_, std::uint16_t{0});
    int lines = 0;
    for (int y = top_of(row); y < top_of(row + 1); y += line_step_) {
        const Plane& plane = view.planes[0];
        const std::uint8_t* line = plane.data + static_cast<std::size_t>(y) * plane.stride;
        for (std::uint16_t& sum : sums_)
            sum = static_cast<std::uint16_t>(sum + *line++);
        ++lines;
    }
    return lines;
}

Box LumaGrid::cell(int column, int row) const {
    return {static_cast<float>(left_of(column)), static_cast<float>(top_of(row)),
            static_cast<float>(left_of(column + 1)), static_cast<float>(top_of(row + 1))};
}

}  // namespace portcullis
