#include "vision/quad_overlap.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// A quad cut by the four edges of another has at most 8 corners.
constexpr std::size_t max_cut_corners = 16;

struct Polygon {
    std::array<Point, max_cut_corners> corners{};
    std::size_t size = 0;
    void add(Point point) {
        if (size < corners.size()) corners[size++] = point;
    }
};

float side(Point from, Point to, Point point) {
    return (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
}

/// Sutherland and Hodgman: keeps what lies to the right of the edge, as seen on the screen.
Polygon cut(const Polygon& polygon, Point from, Point to) {
    Polygon kept;
    for (std::size_t i = 0; i < polygon.size; ++i) {
        const Point a = polygon.corners[i];
        const Point b = polygon.corners[(i + 1) % polygon.size];
        const float side_a = side(from, to, a);
        const float side_b = side(from, to, b);
        if (side_a >= 0) kept.add(a);
        if ((side_a > 0 && side_b < 0) || (side_a < 0 && side_b > 0)) {
            const float t = side_a / (side_a - side_b);
            kept.add({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
        }
    }
    return kept;
}

float area(const Polygon& polygon) {
    float twice = 0;
    for (std::size_t i = 0; i < polygon.size; ++i) {
        const Point a = polygon.corners[i];
        const Point b = polygon.corners[(i + 1) % polygon.size];
        twice += a.x * b.y - b.x * a.y;
    }
    return twice / 2;
}

bool is_sound(const Quad& quad) {
    return is_convex(quad) && signed_area(quad) > 0;
}

struct Group {
    Quad best;
    float score;
    std::array<Point, 4> sum{};
    float weight = 0;

    void add(const PlateCandidate& candidate) {
        const float w = candidate.score * candidate.score;
        for (std::size_t i = 0; i < 4; ++i) {
            sum[i].x += w * candidate.quad.corners[i].x;
            sum[i].y += w * candidate.quad.corners[i].y;
        }
        weight += w;
    }

    [[nodiscard]] PlateCandidate candidate() const {
        PlateCandidate out{best, score};
        if (weight <= 0) return out;
        for (std::size_t i = 0; i < 4; ++i)
            out.quad.corners[i] = {sum[i].x / weight, sum[i].y / weight};
        return out;
    }
};

/// True when the candidate was taken care of by a group that stands already.
bool joins(std::vector<Group>& groups, const PlateCandidate& candidate, const ThinningSettings& settings) {
    for (Group& group : groups) {
        const float overlap = quad_iou(group.best, candidate.quad);
        if (overlap <= settings.same_plate_iou) continue;
        if (overlap > settings.blend_iou) group.add(candidate);
        return true;
    }
    return false;
}

}  // namespace

float quad_iou(const Quad& a, const Quad& b) {
    if (!is_sound(a) || !is_sound(b) || iou(bounding_box(a), bounding_box(b)) <= 0) return 0;
    Polygon shared;
    for (const Point& corner : a.corners)
        shared.add(corner);
    for (std::size_t i = 0; i < 4 && shared.size > 0; ++i)
        shared = cut(shared, b.corners[i], b.corners[(i + 1) % 4]);
    const float both = std::max(area(shared), 0.0F);
    const float either = signed_area(a) + signed_area(b) - both;
    return either > 0 ? std::clamp(both / either, 0.0F, 1.0F) : 0;
}

std::vector<PlateCandidate> thin_out(std::vector<PlateCandidate> candidates,
                                     const ThinningSettings& settings) {
    std::erase_if(candidates, [](const PlateCandidate& candidate) { return !is_sound(candidate.quad); });
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const PlateCandidate& a, const PlateCandidate& b) { return a.score > b.score; });
    std::vector<Group> groups;
    for (const PlateCandidate& candidate : candidates) {
        if (joins(groups, candidate, settings) || groups.size() >= settings.max_candidates) continue;
        groups.push_back({candidate.quad, candidate.score});
        groups.back().add(candidate);
    }
    std::vector<PlateCandidate> thinned;
    thinned.reserve(groups.size());
    for (const Group& group : groups)
        thinned.push_back(group.candidate());
    return thinned;
}

}  // namespace portcullis
