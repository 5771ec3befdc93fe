#include "vision/mark.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/mat_view.hpp"

namespace portcullis {

namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
constexpr int line_height = 22;
constexpr int margin = 6;
constexpr double strip_scale = 0.5;
constexpr double faint_scale = 0.6;
constexpr double faint = 0.3;  // of the mark across the picture, which must not hide the plate
constexpr int faint_rows = 48;

std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

cv::Mat enlarged(const cv::Mat& picture) {
    if (picture.cols >= min_marked_width) return picture.clone();
    cv::Mat large;
    const int height = std::max(1, static_cast<int>(std::lround(static_cast<double>(picture.rows) *
                                                                min_marked_width / picture.cols)));
    cv::resize(picture, large, {min_marked_width, height}, 0, 0, cv::INTER_CUBIC);
    return large;
}

void draw_across(cv::Mat& picture, const std::string& text) {
    cv::Mat over = picture.clone();
    int baseline = 0;
    const int step = cv::getTextSize(text, font, faint_scale, 1, &baseline).width + 4 * margin;
    bool white = true;
    for (int y = faint_rows / 2; y < picture.rows + faint_rows; y += faint_rows, white = !white)
        for (int x = white ? margin : -step / 2; x < picture.cols; x += step)
            cv::putText(over, text, {x, y}, font, faint_scale,
                        white ? cv::Scalar::all(255) : cv::Scalar::all(0), 2, cv::LINE_AA);
    cv::addWeighted(over, faint, picture, 1 - faint, 0, picture);
}

/// A line that is too long is drawn smaller.
void draw_line(cv::Mat& canvas, const std::string& text, int bottom) {
    int baseline = 0;
    const int width = cv::getTextSize(text, font, strip_scale, 1, &baseline).width;
    const double scale = strip_scale * std::min(1.0, static_cast<double>(canvas.cols - 2 * margin) / width);
    cv::putText(canvas, text, {margin, bottom - margin}, font, scale, cv::Scalar::all(0), 1, cv::LINE_AA);
}

cv::Mat marked(const cv::Mat& whole, std::span<const std::string> lines) {
    cv::Mat picture = enlarged(whole);
    draw_across(picture, printable(lines[0]));
    const int strip = static_cast<int>(lines.size()) * line_height + margin;
    cv::Mat canvas(picture.rows + strip, picture.cols, CV_8UC3, cv::Scalar::all(255));
    picture.copyTo(canvas(cv::Rect(0, 0, picture.cols, picture.rows)));
    int bottom = picture.rows;
    for (const std::string& line : lines)
        draw_line(canvas, printable(line), bottom += line_height);
    return canvas;
}

}  // namespace

Result<Bytes> mark_picture(const FrameView& view, std::span<const std::string> lines,
                           const JpegSettings& settings) {
    constexpr std::size_t max_lines = 8;
    if (lines.empty() || lines.size() > max_lines)
        return fail(ErrorCode::invalid_argument, "a mark has 1 to {} lines", max_lines);
    TRY(check_view(view));
    try {
        const cv::Mat canvas = marked(bgr_from_view(view), lines);
        FrameView shown;
        shown.format = PixelFormat::bgr24;
        shown.width = canvas.cols;
        shown.height = canvas.rows;
        shown.planes[0] = {canvas.data, canvas.step[0]};
        return encode_jpeg(shown, settings);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot mark a picture: {}", error.err);
    }
}

}  // namespace portcullis
