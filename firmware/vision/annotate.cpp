#include "vision/annotate.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace portcullis {

namespace {

constexpr int font = cv::FONT_HERSHEY_DUPLEX;
constexpr double widths_per_scale = 900;  // letters grow with the picture

const cv::Scalar green(60, 200, 40);
const cv::Scalar amber(0, 160, 255);
const cv::Scalar black(0, 0, 0);

struct Pen {
    double scale;
    int thickness;
};

Pen pen_for(const cv::Mat& canvas) {
    const double scale = std::max(0.4, canvas.cols / widths_per_scale);
    return {scale, std::max(1, static_cast<int>(std::lround(scale * 1.5)))};
}

std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

void draw_quad(cv::Mat& canvas, const Annotation& annotation, const Pen& pen) {
    std::vector<cv::Point> corners;
    for (const Point& corner : annotation.quad.corners)
        corners.emplace_back(static_cast<int>(std::lround(corner.x)),
                             static_cast<int>(std::lround(corner.y)));
    cv::polylines(canvas, corners, true, annotation.sure ? green : amber, pen.thickness + 1, cv::LINE_AA);
}

/// Above the plate, below it where there is no room, and always within the picture.
void draw_label(cv::Mat& canvas, const Annotation& annotation, const Pen& pen) {
    const std::string text = printable(annotation.label);
    if (text.empty()) return;
    int baseline = 0;
    const cv::Size size = cv::getTextSize(text, font, pen.scale, pen.thickness, &baseline);
    const int gap = 3 * pen.thickness;
    const int height = size.height + baseline + 2 * gap;
    const Box box = bounding_box(annotation.quad);
    int top = static_cast<int>(box.top) - height - gap;
    if (top < 0) top = static_cast<int>(box.bottom) + gap;
    top = std::clamp(top, 0, std::max(0, canvas.rows - height));
    const int left =
        std::clamp(static_cast<int>(box.left), 0, std::max(0, canvas.cols - size.width - 2 * gap));
    cv::rectangle(canvas, cv::Rect(left, top, size.width + 2 * gap, height), annotation.sure ? green : amber,
                  cv::FILLED);
    cv::putText(canvas, text, {left + gap, top + gap + size.height}, font, pen.scale, black, pen.thickness,
                cv::LINE_AA);
}

}  // namespace

Result<Bytes> annotate(const FrameView& view, std::span<const Annotation> annotations,
                       const JpegSettings& settings) {
    const Box whole{0, 0, static_cast<float>(view.width), static_cast<float>(view.height)};
    ColourImage copy = TRY(crop_colour(view, whole));
    try {
        cv::Mat canvas(copy.height, copy.width, CV_8UC3, copy.pixels.data());
        const Pen pen = pen_for(canvas);
        for (const Annotation& annotation : annotations)
            draw_quad(canvas, annotation, pen);
        for (const Annotation& annotation : annotations)
            draw_label(canvas, annotation, pen);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot annotate a picture: {}", error.err);
    }
    return encode_jpeg(copy.view(), settings);
}

}  // namespace portcullis
