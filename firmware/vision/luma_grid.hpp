#pragma once
// LumaGrid: the mean brightness of a frame's cells, each much smaller than a plate. Allocates for the first
// frame of a size and format only. Thread-bound.
//
// A cell is 16 x 8 px in frames up to 2559 px; in larger ones twice, three times ... as large, as the
// detector shrinks those before it looks. Every second line of a cell is read (every fourth, sixth ... of a
// larger one), which bounds the cost. Measured with MotionGate on one busy core (x86-64, median of 400): 0.07
// ms for 1280 x 720 px grey or YUV and 0.24 ms BGR, 0.27 ms for 1920 x 1080 px, 0.21 ms for 3840 x 2160 px
// and 0.8 ms BGR.
//
// Brightness is the Y of a YUV frame, and the plain mean of blue, green and red of a BGR frame.

#include <cstdint>
#include <span>
#include <vector>

#include "core/frame.hpp"
#include "core/geometry.hpp"

namespace portcullis {

class LumaGrid {
  public:
    /// Whether the frame has the size and the format that the grid was made for.
    [[nodiscard]] bool fits(const FrameView& view) const;
    /// Makes the grid for such frames.
    void fit(const FrameView& view);
    /// The view has passed check_view() and fits.
    void measure(const FrameView& view);

    /// In [0,255], line by line of the grid; as the last measure() left them.
    [[nodiscard]] std::span<const float> means() const { return means_; }
    [[nodiscard]] int columns() const { return columns_; }
    [[nodiscard]] int rows() const { return rows_; }
    /// In pixels of the frame; right and bottom are the next cells' left and top.
    [[nodiscard]] Box cell(int column, int row) const;

  private:
    [[nodiscard]] int left_of(int column) const { return column * width_ / columns_; }
    [[nodiscard]] int top_of(int row) const { return row * height_ / rows_; }
    [[nodiscard]] int add_lines(const FrameView& view, int row);

    PixelFormat format_ = PixelFormat::grey8;
    int width_ = 0;
    int height_ = 0;
    int columns_ = 1;
    int rows_ = 1;
    int line_step_ = 1;
    std::vector<std::uint16_t> sums_;  // of the lines read in one row of cells, byte by byte
    std::vector<float> means_;
};

}  // namespace portcullis
