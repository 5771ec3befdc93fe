#pragma once
// Points and quadrilaterals in a picture: pixels, x to the right, y down, the centre of the first pixel at
// (0, 0). Values; pure functions, reentrant.

#include <array>
#include <span>

namespace portcullis {

struct Point {
    float x = 0;
    float y = 0;
    bool operator==(const Point&) const = default;
};

struct Box {
    float left = 0;
    float top = 0;
    float right = 0;
    float bottom = 0;
    [[nodiscard]] float width() const { return right - left; }
    [[nodiscard]] float height() const { return bottom - top; }
};

/// Four corners, clockwise, beginning at the plate's own top left (which need not be the picture's).
struct Quad {
    std::array<Point, 4> corners{};
    bool operator==(const Quad&) const = default;
};

[[nodiscard]] Quad quad_from_box(const Box& box);
[[nodiscard]] Box bounding_box(const Quad& quad);
[[nodiscard]] Point centre(const Quad& quad);
/// Positive when the corners run clockwise on the screen; square pixels.
[[nodiscard]] float signed_area(const Quad& quad);
[[nodiscard]] bool is_convex(const Quad& quad);
/// Mean length of the upper and lower (left and right) edge, in pixels.
[[nodiscard]] float mean_width(const Quad& quad);
[[nodiscard]] float mean_height(const Quad& quad);
/// Intersection over union of the bounding boxes, in [0,1].
[[nodiscard]] float iou(const Box& a, const Box& b);
/// True when point lies in the polygon (ROI, lane); even-odd rule. An empty polygon holds every point.
[[nodiscard]] bool contains(std::span<const Point> polygon, Point point);
/// Each edge moved outwards by so many pixels. A quad without a proper shape stays as it is.
[[nodiscard]] Quad widened(const Quad& quad, float pixels);
[[nodiscard]] Quad scaled(const Quad& quad, float factor_x, float factor_y);

}  // namespace portcullis
