#include "detector_scene.hpp"

#include <opencv2/imgproc.hpp>

namespace portcullis::test {

namespace {

constexpr float plate_aspect = 4.7F;
constexpr int texture_width = 752;  // of the plate's own picture
constexpr int texture_height = 160;

void noise(cv::Mat& picture, double deviation) {
    cv::Mat grain(picture.size(), CV_16SC3);
    cv::RNG random(7);
    random.fill(grain, cv::RNG::NORMAL, 0, deviation);
    cv::add(picture, grain, picture, cv::noArray(), CV_8UC3);
}

cv::Mat draw_plate(const std::string& text) {
    cv::Mat plate(texture_height, texture_width, CV_8UC3, cv::Scalar(235, 238, 238));
    cv::rectangle(plate, {0, 0, texture_width, texture_height}, {20, 20, 20}, 8);
    cv::rectangle(plate, {8, 8, 66, texture_height - 16}, {160, 60, 20}, cv::FILLED);
    cv::putText(plate, text, {96, 124}, cv::FONT_HERSHEY_SIMPLEX, 4.2, {25, 25, 25}, 15, cv::LINE_AA);
    return plate;
}

cv::Rect around(cv::Point2f centre, float dx, float dy, float width, float height) {
    return {cv::Point2i(centre + cv::Point2f(dx - width / 2, dy - height / 2)),
            cv::Size(static_cast<int>(width), static_cast<int>(height))};
}

/// Body, window, lamps and bumper, in widths of the plate round its centre.
void draw_body(cv::Mat& picture, cv::Point2f centre, float w) {
    const cv::Scalar paint(92, 52, 38);
    cv::rectangle(picture, around(centre, 0, 1.05F * w, 3.3F * w, .5F * w), {14, 14, 14}, cv::FILLED);
    cv::rectangle(picture, around(centre, 0, -.05F * w, 3.4F * w, 1.8F * w), paint, cv::FILLED);
    cv::rectangle(picture, around(centre, 0, -1.35F * w, 2.7F * w, 1.0F * w), paint * 0.8, cv::FILLED);
    cv::rectangle(picture, around(centre, 0, -1.3F * w, 2.3F * w, .7F * w), {48, 42, 38}, cv::FILLED);
    for (const float side : {-1.F, 1.F})
        cv::rectangle(picture, around(centre, side * 1.4F * w, -.35F * w, .5F * w, .45F * w), {30, 25, 165},
                      cv::FILLED);
    cv::rectangle(picture, around(centre, 0, .6F * w, 3.5F * w, .35F * w), paint * 0.6, cv::FILLED);
    cv::rectangle(picture, around(centre, 0, 0, 1.25F * w, .36F * w), paint * 0.7, cv::FILLED);
    cv::circle(picture, cv::Point2i(centre + cv::Point2f(0, -.55F * w)), static_cast<int>(.11F * w),
               {170, 170, 170}, static_cast<int>(.03F * w) + 1, cv::LINE_AA);
}

Quad plate_quad(const CarSettings& settings) {
    const float half_width = settings.plate_width / 2;
    const float half_height = half_width / plate_aspect;
    const double angle = settings.turn_degrees * CV_PI / 180;
    const auto c = static_cast<float>(std::cos(angle));
    const auto s = static_cast<float>(std::sin(angle));
    Quad quad = quad_from_box({-half_width, -half_height, half_width, half_height});
    for (Point& corner : quad.corners)
        corner = {settings.plate_centre.x + c * corner.x - s * corner.y,
                  settings.plate_centre.y + s * corner.x + c * corner.y};
    return quad;
}

void lay_plate(cv::Mat& picture, const cv::Mat& plate, const Quad& quad) {
    const cv::Point2f from[] = {
        {0, 0}, {texture_width, 0}, {texture_width, texture_height}, {0, texture_height}};
    cv::Point2f to[4];
    for (std::size_t i = 0; i < 4; ++i)
        to[i] = {quad.corners[i].x, quad.corners[i].y};
    cv::Mat laid;
    const float scale = mean_width(quad) / static_cast<float>(texture_width);
    cv::Mat soft;
    cv::GaussianBlur(plate, soft, {0, 0}, std::max(0.3F, 0.35F / scale));
    cv::warpPerspective(soft, picture, cv::getPerspectiveTransform(from, to), picture.size(),
                        cv::INTER_LINEAR, cv::BORDER_TRANSPARENT);
}

}  // namespace

cv::Mat draw_empty_road(cv::Size size) {
    cv::Mat picture(size, CV_8UC3, cv::Scalar(104, 102, 100));
    const int horizon = size.height * 2 / 5;
    for (int y = 0; y < horizon; ++y)
        picture.row(y).setTo(cv::Scalar(205 - y * 40 / std::max(horizon, 1), 190, 175));
    cv::line(picture, {size.width / 2, horizon}, {size.width / 5, size.height}, {210, 210, 210}, 6,
             cv::LINE_AA);
    cv::line(picture, {size.width / 2, horizon}, {size.width * 4 / 5, size.height}, {210, 210, 210}, 6,
             cv::LINE_AA);
    noise(picture, 4);
    return picture;
}

DrawnCar draw_car(const CarSettings& settings) {
    DrawnCar car{draw_empty_road(settings.size), plate_quad(settings)};
    draw_body(car.picture, settings.plate_centre, settings.plate_width);
    lay_plate(car.picture, draw_plate(settings.text), car.plate);
    cv::GaussianBlur(car.picture, car.picture, {0, 0}, 0.8);
    noise(car.picture, 3);
    return car;
}

FrameView view_of(const cv::Mat& picture) {
    const auto format = picture.channels() == 3 ? PixelFormat::bgr24 : PixelFormat::grey8;
    FrameView view{format, picture.cols, picture.rows, {}};
    view.planes[0] = {picture.data, picture.step[0]};
    return view;
}

YuvFrame yuv_of(const cv::Mat& bgr, PixelFormat format) {
    YuvFrame frame;
    cv::cvtColor(bgr, frame.block, cv::COLOR_BGR2YUV_I420);
    const auto width = static_cast<std::size_t>(bgr.cols);
    const std::size_t luma = bgr.total();
    const std::size_t chroma = luma / 4;
    frame.view = {format, bgr.cols, bgr.rows, {}};
    if (format == PixelFormat::nv12) {
        const cv::Mat block = frame.block.clone();
        for (std::size_t i = 0; i < chroma; ++i) {
            frame.block.data[luma + 2 * i] = block.data[luma + i];
            frame.block.data[luma + 2 * i + 1] = block.data[luma + chroma + i];
        }
    }
    frame.view.planes[0] = {frame.block.data, width};
    frame.view.planes[1] = {frame.block.data + luma, format == PixelFormat::nv12 ? width : width / 2};
    frame.view.planes[2] = {frame.block.data + luma + chroma, width / 2};
    return frame;
}

}  // namespace portcullis::test
