#include "vision/rectifier.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/rows.hpp"

namespace portcullis {
namespace {

constexpr float min_quad_width_px = 4;
constexpr float min_quad_height_px = 2;
// A patch is never wider or narrower than this, whatever a detector says: it bounds the memory of one patch.
constexpr float min_patch_aspect = 0.8F;
constexpr float max_patch_aspect = 8.0F;
constexpr float surround_share =
    0.25F;                            // of the longer side of the quad's box: what a small margin may reach
constexpr float margin_reach = 1.5F;  // perspective makes a margin longer than its share at the near end
constexpr float surround_px = 4;

Result<void> check(const FrameView& frame, const Quad& quad) {
    if (frame.width < 1 || frame.height < 1 || frame.planes[0].data == nullptr)
        return fail(ErrorCode::invalid_argument, "rectifier: the frame has no pixels");
    const bool finite = std::all_of(quad.corners.begin(), quad.corners.end(), [](const Point& corner) {
        return std::isfinite(corner.x) && std::isfinite(corner.y);
    });
    if (!finite || !is_convex(quad) || signed_area(quad) <= 0 || mean_width(quad) < min_quad_width_px ||
        mean_height(quad) < min_quad_height_px)
        return fail(ErrorCode::invalid_argument,
                    "rectifier: the quad is not a convex quadrilateral of at least {} x {} px, clockwise",
                    min_quad_width_px, min_quad_height_px);
    const Box box = bounding_box(quad);
    if (box.right < 0 || box.bottom < 0 || box.left > static_cast<float>(frame.width - 1) ||
        box.top > static_cast<float>(frame.height - 1))
        return fail(ErrorCode::invalid_argument, "rectifier: the quad lies outside the frame");
    return {};
}

// The part of the frame that the warp may look at.
cv::Rect neighbourhood(const FrameView& frame, const Quad& quad, float margin_share) {
    const Box box = bounding_box(quad);
    const float room = std::max(std::max(box.width(), box.height()) * surround_share,
                                mean_height(quad) * margin_share * margin_reach) +
                       surround_px;
    const auto clamp = [](float value, int limit) {
        return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(limit)));
    };
    const int left = clamp(std::floor(box.left - room), frame.width - 1);
    const int top = clamp(std::floor(box.top - room), frame.height - 1);
    const int right = clamp(std::ceil(box.right + room) + 1, frame.width);
    const int bottom = clamp(std::ceil(box.bottom + room) + 1, frame.height);
    return {left, top, std::max(1, right - left), std::max(1, bottom - top)};
}

// OpenCV's pictures are not const; the frame's pixels are only read.
cv::Mat plane(const FrameView& frame, int type) {
    return {frame.height, frame.width, type, const_cast<std::uint8_t*>(frame.planes[0].data),
            frame.planes[0].stride};
}

cv::Mat grey_part(const FrameView& frame, const cv::Rect& part) {
    if (frame.format != PixelFormat::bgr24) return plane(frame, CV_8UC1)(part);  // the luma plane is grey
    cv::Mat grey;
    cv::cvtColor(plane(frame, CV_8UC3)(part), grey, cv::COLOR_BGR2GRAY);
    return grey;
}

struct Geometry {
    cv::Size patch;
    cv::Point2f margin;  // inside the patch, in its pixels
    int shrink =
        1;  // whole factor by which the frame is averaged down first, so that the warp does not alias
};

Geometry geometry(const RectifierSettings& settings, const Quad& quad) {
    const float width = std::max(mean_width(quad), 1.0F);
    const float height = std::max(mean_height(quad), 1.0F);
    const float margin = settings.margin_share;
    const float full_width = width + 2 * margin * height;
    const float full_height = height * (1 + 2 * margin);
    const float aspect = std::clamp(full_width / full_height, min_patch_aspect, max_patch_aspect);
    const int patch_height = settings.row_height_px * (aspect < two_row_aspect ? 2 : 1);
    const auto patch_height_f = static_cast<float>(patch_height);
    const int patch_width = static_cast<int>(std::lround(patch_height_f * aspect));
    return {{patch_width, patch_height},
            {margin * height / full_width * static_cast<float>(patch_width),
             margin / (1 + 2 * margin) * patch_height_f},
            std::max(1, static_cast<int>(full_height / patch_height_f))};
}

std::array<cv::Point2f, 4> target_corners(const Geometry& g) {
    const auto width = static_cast<float>(g.patch.width);
    const auto height = static_cast<float>(g.patch.height);
    const float left = g.margin.x - 0.5F;
    const float top = g.margin.y - 0.5F;
    const float right = width - g.margin.x - 0.5F;
    const float bottom = height - g.margin.y - 0.5F;
    return {{{left, top}, {right, top}, {right, bottom}, {left, bottom}}};
}

GreyImage owned(const cv::Mat& picture) {
    GreyImage image;
    image.width = picture.cols;
    image.height = picture.rows;
    image.pixels.assign(picture.datastart, picture.dataend);
    return image;
}

}  // namespace

Result<Rectifier> Rectifier::create(const RectifierSettings& settings) {
    if (!(settings.margin_share >= 0 && settings.margin_share <= max_margin_share))
        return fail(ErrorCode::invalid_argument, "rectifier: margin_share must lie in [0, {}]",
                    max_margin_share);
    if (settings.row_height_px < 16 || settings.row_height_px > 256)
        return fail(ErrorCode::invalid_argument, "rectifier: row_height_px must lie in [16, 256]");
    return Rectifier(settings);
}

Result<PlatePatch> Rectifier::rectify(const FrameView& frame, const Quad& quad) const {
    TRY(check(frame, quad));
    const Geometry g = geometry(settings_, quad);
    const cv::Rect part = neighbourhood(frame, quad, settings_.margin_share);
    cv::Mat grey = grey_part(frame, part);
    std::array<cv::Point2f, 4> source;
    for (std::size_t i = 0; i < source.size(); ++i)
        source[i] = {quad.corners[i].x - static_cast<float>(part.x),
                     quad.corners[i].y - static_cast<float>(part.y)};
    if (g.shrink > 1 && grey.cols >= g.shrink && grey.rows >= g.shrink) {
        const cv::Size small(grey.cols / g.shrink, grey.rows / g.shrink);
        cv::Mat shrunk;
        cv::resize(grey(cv::Rect(0, 0, small.width * g.shrink, small.height * g.shrink)), shrunk, small, 0, 0,
                   cv::INTER_AREA);
        grey = shrunk;
        for (cv::Point2f& corner : source)
            corner =
                (corner + cv::Point2f(0.5F, 0.5F)) / static_cast<float>(g.shrink) - cv::Point2f(0.5F, 0.5F);
    }
    const cv::Mat matrix = cv::getPerspectiveTransform(source.data(), target_corners(g).data());
    cv::Mat patch;
    cv::warpPerspective(grey, patch, matrix, g.patch, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    return PlatePatch{owned(patch), quad};
}

}  // namespace portcullis
