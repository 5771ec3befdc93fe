#pragma once
// A drawn road scene for the detector's tests: the rear of a car with its plate. No photograph may stand in
// the repository, so the tests paint. For tests of the vision room only.

#include <opencv2/core.hpp>
#include <string>

#include "core/frame.hpp"
#include "core/geometry.hpp"

namespace portcullis::test {

struct DrawnCar {
    cv::Mat picture;  // BGR
    Quad plate;       // true corners
};

struct CarSettings {
    cv::Size size{1280, 720};
    cv::Point2f plate_centre{640, 470};
    float plate_width = 190;
    float turn_degrees = 0;
    std::string text = "KA 4711";
};

/// Soft and a little noisy, as from a camera.
[[nodiscard]] DrawnCar draw_car(const CarSettings& settings);

/// A road, the sky, and nothing with a plate.
[[nodiscard]] cv::Mat draw_empty_road(cv::Size size);

/// Borrows the picture's pixels: CV_8UC3 as BGR, CV_8UC1 as grey.
[[nodiscard]] FrameView view_of(const cv::Mat& picture);

/// The picture as YUV planes in one block that the view borrows from.
struct YuvFrame {
    cv::Mat block;
    FrameView view;
};
[[nodiscard]] YuvFrame yuv_of(const cv::Mat& bgr, PixelFormat format);

}  // namespace portcullis::test
