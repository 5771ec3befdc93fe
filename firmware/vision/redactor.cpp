#include "vision/redactor.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/mat_view.hpp"

namespace portcullis {

namespace {

// The header says where these come from.
constexpr float cells_across = 16;
constexpr float least_cell_plate_widths = 0.5F;
constexpr float sideways_plate_widths = 1.0F;
constexpr float upright_plate_widths = 0.25F;
constexpr float widest_plate_share = 0.25F;  // of the picture's longer side
constexpr float plate_frame_share = 0.12F;   // of the plate's size
constexpr float other_plate_share = 0.25F;   // of the other plate's size
constexpr float farthest_px = 1e6F;          // no corner lies beyond

struct Growth {
    float along;   // pixels, along the plate's lines, on each side
    float across;  // above and below
};

Growth growth_of(const Quad& plate, OverviewPolicy policy, int longest_side_px) {
    const float width = mean_width(plate);
    if (policy == OverviewPolicy::plate_only)
        return {plate_frame_share * width, plate_frame_share * mean_height(plate)};
    const float unit = std::min(width, widest_plate_share * static_cast<float>(longest_side_px));
    // In a picture that lies on its side (or a quad that does) "sideways" would be up to the windscreen.
    const auto& c = plate.corners;
    const bool level = std::abs(c[1].x - c[0].x) >= std::abs(c[1].y - c[0].y);
    return {(level ? sideways_plate_widths : upright_plate_widths) * unit, upright_plate_widths * unit};
}

/// Unit vector from a to b, as the mean of two edges; (0,0) where there is no length.
Point direction(Point a, Point b, Point c, Point d) {
    const float x = b.x - a.x + d.x - c.x;
    const float y = b.y - a.y + d.y - c.y;
    const float length = std::hypot(x, y);
    return length > 0 ? Point{x / length, y / length} : Point{};
}

Result<void> check_quad(const Quad& quad) {
    for (const Point& corner : quad.corners)
        // Written so that what is no number is refused too.
        if (!(std::abs(corner.x) <= farthest_px && std::abs(corner.y) <= farthest_px))
            return fail(ErrorCode::invalid_argument, "a plate's corner lies nowhere near the picture");
    return {};
}

int cell_side(const FrameView& view, const Quad& plate) {
    const auto longest = static_cast<float>(std::max(view.width, view.height));
    const float side = std::max(longest / cells_across, least_cell_plate_widths * mean_width(plate));
    return static_cast<int>(std::ceil(std::clamp(side, 1.0F, longest)));
}

void fill(cv::Mat& mask, const Quad& quad, Point origin, int value) {
    std::vector<cv::Point> corners;
    for (const Point& corner : quad.corners)
        corners.emplace_back(static_cast<int>(std::lround(corner.x - origin.x)),
                             static_cast<int>(std::lround(corner.y - origin.y)));
    cv::fillConvexPoly(mask, corners, cv::Scalar::all(value));
}

struct Cut {
    ColourImage image;
    int x = 0;  // where it was cut from
    int y = 0;
};

/// Overwrites every pixel of the cut that may not be shown with the colour of its cell.
void redact(Cut& cut, const Mosaic& mosaic, const Quad& kept, const Quad& plate,
            std::span<const Box> others) {
    cv::Mat mask(cut.image.height, cut.image.width, CV_8UC1, cv::Scalar::all(0));
    const Point origin{static_cast<float>(cut.x), static_cast<float>(cut.y)};
    fill(mask, kept, origin, 255);
    for (const Box& other : others)
        fill(mask, quad_from_box(other), origin, 0);
    fill(mask, plate, origin, 255);
    for (int y = 0; y < mask.rows; ++y)
        for (int x = 0; x < mask.cols; ++x) {
            if (mask.at<std::uint8_t>(y, x) != 0) continue;
            const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.cols) +
                            static_cast<std::size_t>(x);
            std::ranges::copy(mosaic.at(cut.x + x, cut.y + y),
                              cut.image.pixels.begin() + static_cast<std::ptrdiff_t>(at * 3));
        }
}

cv::Mat canvas_of(ColourImage& image) {
    return {image.height, image.width, CV_8UC3, image.pixels.data()};
}

ColourImage blank(int width, int height) {
    ColourImage image{width, height, {}};
    image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    return image;
}

int scaled_px(int px, double scale) {
    return static_cast<int>(std::lround(px * scale));
}

/// The part of the kept area that lies in the frame; no pixels when none does.
Result<Cut> cut_out(const FrameView& view, const Quad& kept) {
    const Box whole{0, 0, static_cast<float>(view.width), static_cast<float>(view.height)};
    const Box box = bounding_box(kept);
    const Box inside{std::max(box.left, 0.0F), std::max(box.top, 0.0F), std::min(box.right, whole.right),
                     std::min(box.bottom, whole.bottom)};
    if (inside.width() <= 0 || inside.height() <= 0) return Cut{};
    // crop_colour begins at even pixels.
    Cut cut {
        TRY(crop_colour(view, inside))
        , static_cast<int>(inside.left) & ~1, static_cast<int>(inside.top) & ~1
    };
    return cut;
}

}  // namespace

Quad kept_area(const Quad& plate, OverviewPolicy policy, int longest_side_px) {
    const auto& c = plate.corners;
    const Growth growth = growth_of(plate, policy, longest_side_px);
    const Point right = direction(c[0], c[1], c[3], c[2]);
    const Point down = direction(c[0], c[3], c[1], c[2]);
    const auto moved = [&](Point corner, float along, float across) {
        return Point{corner.x + right.x * along + down.x * across,
                     corner.y + right.y * along + down.y * across};
    };
    return {{moved(c[0], -growth.along, -growth.across), moved(c[1], growth.along, -growth.across),
             moved(c[2], growth.along, growth.across), moved(c[3], -growth.along, growth.across)}};
}

Result<RedactedOverview> RedactedOverview::create(const FrameView& view, const Quad& plate,
                                                  std::span<const Quad> others, OverviewPolicy policy,
                                                  int max_width) {
    if (policy != OverviewPolicy::plate_only && policy != OverviewPolicy::redacted)
        return fail(ErrorCode::invalid_argument, "overview policies none and full redact nothing");
    TRY(check_quad(plate));
    if (!is_convex(plate)) return fail(ErrorCode::invalid_argument, "the plate's quad is not convex");
    RedactedOverview out;
    out.mosaic_ = TRY(mosaic_of(view, cell_side(view, plate)));
    std::vector<Box> hidden;
    for (const Quad& other : others) {
        TRY(check_quad(other));
        hidden.push_back(box_around(other, other_plate_share));
        flatten(out.mosaic_, hidden.back());
    }
    out.scale_ = max_width > 0 && view.width > max_width ? static_cast<double>(max_width) / view.width : 1.0;
    out.width_ = std::max(1, scaled_px(view.width, out.scale_));
    out.height_ = std::max(1, scaled_px(view.height, out.scale_));
    const Quad kept = kept_area(plate, policy, std::max(view.width, view.height));
    Cut cut = TRY(cut_out(view, kept));
    if (cut.image.width < 1) return out;
    try {
        redact(cut, out.mosaic_, kept, plate, hidden);
        // Scaled only now, so that no pixel outside bleeds into one inside.
        out.kept_x_ = std::min(scaled_px(cut.x, out.scale_), out.width_ - 1);
        out.kept_y_ = std::min(scaled_px(cut.y, out.scale_), out.height_ - 1);
        const int right = std::min(scaled_px(cut.x + cut.image.width, out.scale_), out.width_);
        const int bottom = std::min(scaled_px(cut.y + cut.image.height, out.scale_), out.height_);
        out.kept_ = blank(std::max(1, right - out.kept_x_), std::max(1, bottom - out.kept_y_));
        cv::Mat small = canvas_of(out.kept_);
        cv::resize(canvas_of(cut.image), small, small.size(), 0, 0, cv::INTER_AREA);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot redact a picture: {}", error.err);
    }
    return out;
}

Result<ColourImage> RedactedOverview::render() const {
    try {
        ColourImage image = blank(width_, height_);
        cv::Mat canvas = canvas_of(image);
        const auto edge = [&](int cell) { return scaled_px(cell * mosaic_.cell_px, scale_); };
        for (int row = 0; row < mosaic_.rows; ++row)
            for (int column = 0; column < mosaic_.columns; ++column) {
                const cv::Rect cell(cv::Point(edge(column), edge(row)),
                                    cv::Point(edge(column + 1), edge(row + 1)));
                const Colour& c = mosaic_.cells[mosaic_.index(column, row)];
                canvas(cell & cv::Rect(0, 0, width_, height_)).setTo(cv::Scalar(c[0], c[1], c[2]));
            }
        if (kept_.width > 0)
            mat_from_view(kept_.view()).copyTo(canvas(cv::Rect(kept_x_, kept_y_, kept_.width, kept_.height)));
        return image;
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot draw an overview: {}", error.err);
    }
}

}  // namespace portcullis
