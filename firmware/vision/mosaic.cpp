#include "vision/mosaic.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/mat_view.hpp"

namespace portcullis {

namespace {

/// Mean of each cell of one plane, rounded: rows x columns, of the plane's type. cell: side in this plane.
cv::Mat means_of(const cv::Mat& plane, int cell, int columns, int rows) {
    cv::Mat means(rows, columns, plane.type());
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const cv::Rect area(column * cell, row * cell, cell, cell);
            const cv::Mat part = plane(area & cv::Rect(0, 0, plane.cols, plane.rows));
            means(cv::Rect(column, row, 1, 1)).setTo(cv::mean(part));
        }
    return means;
}

/// The means in BGR. A YUV cell becomes 2 x 2 pixels of luma over one of colour for OpenCV's conversion.
cv::Mat bgr_means(const FrameView& view, const Mosaic& shape) {
    cv::Mat first = means_of(mat_from_view(view), shape.cell_px, shape.columns, shape.rows);
    if (view.format == PixelFormat::bgr24) return first;
    cv::Mat bgr;
    if (view.format == PixelFormat::grey8) {
        cv::cvtColor(first, bgr, cv::COLOR_GRAY2BGR);
        return bgr;
    }
    const auto half = [&](std::size_t plane) {
        return means_of(mat_from_view(view, plane), shape.cell_px / 2, shape.columns, shape.rows);
    };
    std::array<cv::Mat, 2> chroma;
    if (view.format == PixelFormat::nv12)
        cv::split(half(1), chroma.data());
    else
        chroma = {half(1), half(2)};
    cv::Mat luma;
    cv::resize(first, luma, {}, 2, 2, cv::INTER_NEAREST);
    cv::resize(bgr_from_yuv(luma, chroma[0], chroma[1]), bgr, first.size(), 0, 0, cv::INTER_NEAREST);
    return bgr;
}

int cell_of(float position, int cell_px, int count) {
    const float last = static_cast<float>(count - 1);
    return static_cast<int>(std::clamp(std::floor(position / static_cast<float>(cell_px)), 0.0F, last));
}

}  // namespace

std::size_t Mosaic::index(int column, int row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
}

const Colour& Mosaic::at(int x, int y) const {
    const int column = std::clamp(x / cell_px, 0, columns - 1);
    const int row = std::clamp(y / cell_px, 0, rows - 1);
    return cells[index(column, row)];
}

Result<Mosaic> mosaic_of(const FrameView& view, int cell_px) {
    TRY(check_view(view));
    const std::int64_t longest = std::max(view.width, view.height);
    if (cell_px < 1 || cell_px > longest + 1)
        return fail(ErrorCode::invalid_argument,
                    "a mosaic's cell of {} px does not fit a frame of {} x {} px", cell_px, view.width,
                    view.height);
    Mosaic mosaic;
    mosaic.cell_px = (cell_px + 1) & ~1;
    mosaic.columns = (view.width + mosaic.cell_px - 1) / mosaic.cell_px;
    mosaic.rows = (view.height + mosaic.cell_px - 1) / mosaic.cell_px;
    if (std::int64_t{mosaic.columns} * mosaic.rows > most_mosaic_cells)
        return fail(ErrorCode::invalid_argument, "a mosaic of {} x {} cells shows too much; at most {} cells",
                    mosaic.columns, mosaic.rows, most_mosaic_cells);
    try {
        const cv::Mat means = bgr_means(view, mosaic);
        for (int row = 0; row < mosaic.rows; ++row)
            for (int column = 0; column < mosaic.columns; ++column) {
                const auto& mean = means.at<cv::Vec3b>(row, column);
                mosaic.cells.push_back({mean[0], mean[1], mean[2]});
            }
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot make a mosaic: {}", error.err);
    }
    return mosaic;
}

void flatten(Mosaic& mosaic, const Box& box) {
    const int left = cell_of(box.left, mosaic.cell_px, mosaic.columns);
    const int right = cell_of(box.right, mosaic.cell_px, mosaic.columns);
    const int top = cell_of(box.top, mosaic.cell_px, mosaic.rows);
    const int bottom = cell_of(box.bottom, mosaic.cell_px, mosaic.rows);
    const auto each = [&](const auto& visit) {
        for (int row = top; row <= bottom; ++row)
            for (int column = left; column <= right; ++column)
                visit(mosaic.cells[mosaic.index(column, row)]);
    };
    std::array<std::uint32_t, 3> sums{};
    std::uint32_t count = 0;
    each([&](const Colour& cell) {
        for (std::size_t i = 0; i < sums.size(); ++i)
            sums[i] += cell[i];
        ++count;
    });
    each([&](Colour& cell) {
        for (std::size_t i = 0; i < sums.size(); ++i)
            cell[i] = static_cast<std::uint8_t>((sums[i] + count / 2) / count);
    });
}

}  // namespace portcullis
