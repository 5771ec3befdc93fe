#include "core/geometry.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// Of the angle between two edges; sharper corners would be moved far away.
constexpr float least_corner_sine = 0.2F;

float cross(Point origin, Point a, Point b) {
    return (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x);
}

float distance(Point a, Point b) {
    return std::hypot(a.x - b.x, a.y - b.y);
}

}  // namespace

Quad quad_from_box(const Box& box) {
    return {{{{box.left, box.top}, {box.right, box.top}, {box.right, box.bottom}, {box.left, box.bottom}}}};
}

Box bounding_box(const Quad& quad) {
    const auto& c = quad.corners;
    const auto [left, right] = std::minmax({c[0].x, c[1].x, c[2].x, c[3].x});
    const auto [top, bottom] = std::minmax({c[0].y, c[1].y, c[2].y, c[3].y});
    return {left, top, right, bottom};
}

Point centre(const Quad& quad) {
    const auto& c = quad.corners;
    return {(c[0].x + c[1].x + c[2].x + c[3].x) / 4, (c[0].y + c[1].y + c[2].y + c[3].y) / 4};
}

float signed_area(const Quad& quad) {
    float twice = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Point a = quad.corners[i];
        const Point b = quad.corners[(i + 1) % 4];
        twice += a.x * b.y - b.x * a.y;
    }
    return twice / 2;
}

bool is_convex(const Quad& quad) {
    bool positive = false;
    bool negative = false;
    for (std::size_t i = 0; i < 4; ++i) {
        const float turn = cross(quad.corners[i], quad.corners[(i + 1) % 4], quad.corners[(i + 2) % 4]);
        (turn > 0 ? positive : negative) = true;
    }
    return positive != negative;
}

float mean_width(const Quad& quad) {
    return (distance(quad.corners[0], quad.corners[1]) + distance(quad.corners[3], quad.corners[2])) / 2;
}

float mean_height(const Quad& quad) {
    return (distance(quad.corners[0], quad.corners[3]) + distance(quad.corners[1], quad.corners[2])) / 2;
}

float iou(const Box& a, const Box& b) {
    const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
    const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    const float both = width * height;
    return both / (a.width() * a.height() + b.width() * b.height() - both);
}

bool contains(std::span<const Point> polygon, Point point) {
    if (polygon.empty()) return true;
    bool inside = false;
    for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
        const Point a = polygon[i];
        const Point b = polygon[j];
        if ((a.y > point.y) != (b.y > point.y) && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
    }
    return inside;
}

Quad widened(const Quad& quad, float pixels) {
    Quad wide = quad;
    for (std::size_t i = 0; i < 4; ++i) {
        const Point& at = quad.corners[i];
        const Point& before = quad.corners[(i + 3) % 4];
        const Point& after = quad.corners[(i + 1) % 4];
        const float in_length = std::hypot(at.x - before.x, at.y - before.y);
        const float out_length = std::hypot(after.x - at.x, after.y - at.y);
        if (in_length <= 0 || out_length <= 0) return quad;
        const Point in{(at.x - before.x) / in_length, (at.y - before.y) / in_length};
        const Point out{(after.x - at.x) / out_length, (after.y - at.y) / out_length};
        // Along both edges, further the more slanted they meet, so that each edge moves by just as much.
        const float sine = in.x * out.y - in.y * out.x;
        if (sine < least_corner_sine) return quad;
        wide.corners[i] = {at.x + (in.x - out.x) * pixels / sine, at.y + (in.y - out.y) * pixels / sine};
    }
    return wide;
}

Quad scaled(const Quad& quad, float factor_x, float factor_y) {
    Quad out = quad;
    for (Point& corner : out.corners)
        corner = {corner.x * factor_x, corner.y * factor_y};
    return out;
}

}  // namespace portcullis
