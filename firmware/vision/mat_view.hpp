#pragma once
// OpenCV's view of a frame's pixels. For sources of the vision room only: headers of other rooms see no
// OpenCV. Reentrant; may throw cv::Exception (out of memory), which the caller catches at its room's door.

#include <opencv2/core.hpp>

#include "base/result.hpp"
#include "core/frame.hpp"

namespace portcullis {

/// Refuses what no picture can be: no pixels, a missing plane, lines longer than their stride.
/// Errors: invalid_argument.
[[nodiscard]] Result<void> check_view(const FrameView& view);

/// One plane without a copy. It borrows the frame's pixels and must not be written to.
/// plane 0: BGR or grey (the luma of a YUV frame); planes 1 and 2: chroma at half size.
[[nodiscard]] cv::Mat mat_from_view(const FrameView& view, std::size_t plane = 0);

/// The whole frame in BGR: borrowed where it is BGR already, else converted. Colour planes of odd sizes lose
/// their last line or column; a 1 px wide or high YUV frame comes out grey.
[[nodiscard]] cv::Mat bgr_from_view(const FrameView& view);

/// I420 planes of even size (luma width x height, chroma half of it) to BGR.
[[nodiscard]] cv::Mat bgr_from_yuv(const cv::Mat& luma, const cv::Mat& u, const cv::Mat& v);

}  // namespace portcullis
