#include "passage/motion.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

constexpr float velocity_memory = 0.5F;  // share of the old velocity that a new sighting leaves
constexpr float width_memory = 0.6F;
constexpr float standing_widths = 0.5F;  // a plate that moved less than this stands
constexpr float growth_that_tells = 1.15F;
constexpr float way_that_tells_widths = 1.0F;  // vertical, in plate widths
constexpr float max_prediction_s = 1;          // further on, straight lines do not hold

Point middle(const Box& box) {
    return {(box.left + box.right) / 2, (box.top + box.bottom) / 2};
}

float seconds_between(BootTime from, BootTime to) {
    return std::chrono::duration<float>(to - from).count();
}

float smoothed(float old, float fresh, float memory) {
    return old * memory + fresh * (1 - memory);
}

}  // namespace

Motion::Motion(const Box& box, BootTime now)
    : box_(box),
      seen_(now),
      anchor_(middle(box)),
      anchored_(now),
      first_width_(box.width()),
      last_width_(box.width()),
      first_centre_(middle(box)) {}

void Motion::see(const Box& box, BootTime now) {
    const float step_s = seconds_between(seen_, now);
    const Point from = middle(box_);
    const Point to = middle(box);
    if (step_s > 0) {
        const Point fresh{(to.x - from.x) / step_s, (to.y - from.y) / step_s};
        const float memory = has_velocity() ? velocity_memory : 0;
        velocity_ = {smoothed(velocity_.x, fresh.x, memory), smoothed(velocity_.y, fresh.y, memory)};
    }
    if (std::hypot(to.x - anchor_.x, to.y - anchor_.y) > standing_widths * box.width()) {
        anchor_ = to;
        anchored_ = now;
    }
    last_width_ = smoothed(last_width_, box.width(), width_memory);
    box_ = box;
    seen_ = now;
    ++sightings_;
}

Box Motion::predict(BootTime now) const {
    const float ahead_s = std::clamp(seconds_between(seen_, now), 0.0F, max_prediction_s);
    const float dx = velocity_.x * ahead_s;
    const float dy = velocity_.y * ahead_s;
    return {box_.left + dx, box_.top + dy, box_.right + dx, box_.bottom + dy};
}

Direction Motion::direction() const {
    const float growth = last_width_ / std::max(first_width_, 1.0F);
    if (growth >= growth_that_tells) return Direction::approaching;
    if (growth <= 1 / growth_that_tells) return Direction::receding;
    const float way = (middle(box_).y - first_centre_.y) / std::max(last_width_, 1.0F);
    if (way >= way_that_tells_widths) return Direction::approaching;
    if (way <= -way_that_tells_widths) return Direction::receding;
    return Direction::unknown;
}

}  // namespace portcullis
