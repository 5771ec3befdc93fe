#pragma once
// Letterbox: the luma of a frame of any size and format, scaled to fit the network's input and placed at its
// top left.
// For sources of the vision room only. Memory is bounded by the network's input and one step of shrinking,
// whatever the frame's size. May throw cv::Exception. Reentrant.

#include <opencv2/core.hpp>
#include <span>

#include "core/frame.hpp"
#include "core/geometry.hpp"

namespace portcullis {

struct Letterbox {
    cv::Mat picture;   // CV_8UC1, of the input's size
    float step_x = 1;  // the frame's pixels per pixel of the picture
    float step_y = 1;

    /// From the picture back to the frame's own pixels.
    [[nodiscard]] Quad to_frame(const Quad& quad) const;
};

/// Which of these sizes lets a frame of this width and height come out largest; the first of equals. sizes is
/// not empty.
[[nodiscard]] std::size_t best_input(int width, int height, std::span<const cv::Size> sizes);

/// The view must have passed check_view().
[[nodiscard]] Letterbox letterbox(const FrameView& view, cv::Size input, int pad);

}  // namespace portcullis
