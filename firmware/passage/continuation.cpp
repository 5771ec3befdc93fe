#include "passage/continuation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace portcullis {

namespace {

constexpr float size_slack = 1.2F;          // from where one was lost to where it is seen again
constexpr float size_slack_at_once = 1.4F;  // one cut or wide quad
constexpr int telling_frames = 4;
constexpr float back_widths = 0.5F;  // by which noise puts a plate back
constexpr float ahead_widths = 0.25F;
constexpr int least_told =
    3;  // the share of the gap for which each was seen, at least, so that its way is known
constexpr float in_line_widths = 1;
constexpr double speed_slack = 1.5;
constexpr float together_widths = 0.8F;
constexpr float together_size_ratio = 1.3F;

Point middle(const Box& box) {
    return {(box.left + box.right) / 2, (box.top + box.bottom) / 2};
}

bool is_near(const Box& a, const Box& b, float widths) {
    const Point from = middle(a);
    const Point to = middle(b);
    return std::hypot(to.x - from.x, to.y - from.y) <= widths * std::max(a.width(), b.width());
}

bool are_in_one_place(const Box& one, const Box& other) {
    const float ratio = one.width() / std::max(other.width(), 1.0F);
    return is_near(one, other, together_widths) && std::max(ratio, 1 / ratio) <= together_size_ratio;
}

/// Whether what enters lies behind where the other left, along the other's way in the picture.
bool is_back(const Passage& first, const Passage& then) {
    const Point enters = middle(first.entered);
    const Point leaves = middle(first.left);
    const Point again = middle(then.entered);
    const Point way{leaves.x - enters.x, leaves.y - enters.y};
    const float length = std::hypot(way.x, way.y);
    const float progress = (again.x - leaves.x) * way.x + (again.y - leaves.y) * way.y;
    return progress < -back_widths * first.left.width() * length;
}

/// Where a plate that keeps its speed was at that time: the reciprocal of its width then runs evenly in time,
/// and its place evenly with its width (motion.hpp).
Box place_at(const Passage& passage, BootTime time) {
    const auto whole = static_cast<float>(std::max<std::int64_t>(passage.dwell().count(), 1));
    const float share = static_cast<float>((time - passage.first_seen).count()) / whole;
    const float from = std::max(passage.entered.width(), 1.0F);
    const float to = std::max(passage.left.width(), 1.0F);
    const float width = 1 / std::lerp(1 / from, 1 / to, share);
    const float way = std::abs(to - from) < 1 ? share : (width - from) / (to - from);
    const Point enters = middle(passage.entered);
    const Point leaves = middle(passage.left);
    const float x = std::lerp(enters.x, leaves.x, way);
    const float y = std::lerp(enters.y, leaves.y, way);
    return {x - width / 2, y - width / 8, x + width / 2, y + width / 8};
}

Point step(const Box& from, const Box& to) {
    return {middle(to).x - middle(from).x, middle(to).y - middle(from).y};
}

/// Within 45 degrees.
bool are_one_heading(Point a, Point b) {
    return a.x * b.x + a.y * b.y >
           std::numbers::sqrt2_v<float> / 2 * std::hypot(a.x, a.y) * std::hypot(b.x, b.y);
}

double seconds_of(microseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// Pixels a second.
double speed_of(Point way, microseconds time) {
    return std::hypot(way.x, way.y) / std::max(seconds_of(time), 1e-3);
}

/// From where and when the one was seen to where and when the other was.
Passage way_between(const Box& from, BootTime since, const Box& to, BootTime until) {
    Passage way;
    way.entered = from;
    way.first_seen = since;
    way.left = to;
    way.last_seen = until;
    return way;
}

}  // namespace

Direction way_of(const Passage& passage) {
    return passage.frames < telling_frames ? Direction::unknown : passage.direction;
}

bool goes_on(const Passage& first, const Passage& then, bool soon) {
    const Direction before = way_of(first);
    const Direction after = way_of(then);
    if (before != Direction::unknown && after != Direction::unknown && before != after) return false;
    if (is_back(first, then)) return false;
    const float slack = soon ? size_slack_at_once : size_slack;
    switch (before == Direction::unknown ? after : before) {
        case Direction::approaching:
            return then.entered.width() * slack >= first.left.width();
        case Direction::receding:
            return then.entered.width() <= first.left.width() * slack;
        case Direction::unknown:
            break;
    }
    return soon;
}

bool are_together(const Passage& a, const Passage& b) {
    for (const BootTime time : {std::max(a.first_seen, b.first_seen), std::min(a.last_seen, b.last_seen)}) {
        if (!are_in_one_place(place_at(a, time), place_at(b, time))) return false;
    }
    return true;
}

bool are_one_way(const Passage& first, const Passage& then) {
    const microseconds between = then.first_seen - first.last_seen;
    if (between > at_once || then.first_seen < first.first_seen) return false;
    if (between.count() <= 0) return are_together(first, then);
    if (std::min(first.dwell(), then.dwell()) * least_told < between || !goes_on(first, then, true))
        return false;
    const Passage onward = way_between(first.left, first.last_seen, then.left, then.last_seen);
    const Passage before = way_between(first.entered, first.first_seen, then.entered, then.first_seen);
    return are_in_one_place(place_at(onward, then.first_seen), then.entered) &&
           are_in_one_place(place_at(before, first.last_seen), first.left);
}

bool are_in_line(const Passage& first, const Passage& then) {
    const double gap_s = seconds_of(then.first_seen - first.last_seen);
    if (gap_s <= 0 || then.first_seen - first.last_seen > at_once) return false;
    const auto [narrow, wide] = std::minmax({first.left.width(), then.entered.width()});
    const Point way = step(then.entered, then.left);
    const Point before = step(first.entered, first.left);
    const Point between = step(first.left, then.entered);
    const float length = std::hypot(way.x, way.y);
    if (length < wide || std::hypot(between.x, between.y) < ahead_widths * narrow) return false;
    const float aside = std::abs(between.x * way.y - between.y * way.x) / length;
    if (aside > in_line_widths * wide || !are_one_heading(way, between)) return false;
    if (std::hypot(before.x, before.y) > wide && !are_one_heading(way, before)) return false;
    const double fast = speed_of(way, then.dwell());
    const double slow = speed_of(before, first.dwell());
    const double needed = std::hypot(between.x, between.y) / gap_s;
    return needed > std::min(fast, slow) / speed_slack && needed < std::max(fast, slow) * speed_slack;
}

}  // namespace portcullis
