#include "passage/motion.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// Found with the drawn traffic of tests/support/road_traffic.hpp; firmware/passage/README.md says how.
constexpr double centre_noise_widths = 0.06;  // standard deviation of a quad's centre, in its widths
constexpr double least_size_noise = 0.06;     // of its width, as a share
constexpr double most_size_noise = 0.15;
constexpr double size_memory = 0.9;  // a sighting
// A quad round the grille instead of the plate in it, or at last round the plate, tells no growth.
constexpr double jump_deviations = 3.5;
constexpr double least_jump = 0.25;  // of the logarithm of the width
constexpr double sure_jump = 0.5;
constexpr double cost_of_a_jump = 8;  // at most, of the squared distance

// A plate where it was not expected: what was known of it holds no more.
constexpr double unlikely_place = 13.8;  // of the squared distance: 99.9 % of two degrees of freedom
constexpr double most_doubt = 100;

constexpr int first_sightings = 3;
constexpr float width_memory = 0.6F;
constexpr float standing_widths = 0.5F;  // a plate that moved less than this stands
constexpr float growth_that_tells = 1.15F;
constexpr float way_that_tells_widths = 1.0F;  // vertical, in plate widths
constexpr float way_that_overrules_widths = 2.0F;
constexpr float feigned_growth = 2.6F;

double seconds_between(BootTime from, BootTime to) {
    return std::chrono::duration<double>(to - from).count();
}

double square(double value) {
    return value * value;
}

float smoothed(float old, float fresh, float memory) {
    return old * memory + fresh * (1 - memory);
}

double width_of(const Quad& quad) {
    return std::max<double>(mean_width(quad), 1);
}

bool is_jump(const Surprise& told) {
    return std::abs(told.grown) > std::clamp(jump_deviations * std::sqrt(told.grown2), least_jump, sure_jump);
}

/// Approaching from the first limit on, receding from the second one down.
Direction either(float value, float approaching, float receding) {
    if (value >= approaching) return Direction::approaching;
    return value <= receding ? Direction::receding : Direction::unknown;
}

double centre_variance(double width, double shake_px) {
    return square(centre_noise_widths * width) + square(shake_px);
}

}  // namespace

Motion::Motion(const Quad& quad, BootTime now, double shake_px)
    : approach_(PlateMeasure{centre(quad), width_of(quad), centre_variance(width_of(quad), shake_px),
                             square(least_size_noise)}),
      size_noise2_(square(least_size_noise)),
      box_(bounding_box(quad)),
      seen_(now),
      anchor_(centre(quad)),
      anchored_(now),
      first_width_(static_cast<float>(width_of(quad))),
      last_width_(first_width_),
      first_centre_(anchor_) {}

Approach Motion::at(BootTime now) const {
    Approach ahead = approach_;
    ahead.predict(seconds_between(seen_, now));
    return ahead;
}

PlateMeasure Motion::measure_of(const Quad& quad, double shake_px) const {
    const double width = width_of(quad);
    return {centre(quad), width, centre_variance(width, shake_px), size_noise2_};
}

bool Motion::see(const Quad& quad, BootTime now, double shake_px) {
    const PlateMeasure measure = measure_of(quad, shake_px);
    const auto wide = static_cast<float>(measure.width);
    approach_.predict(seconds_between(seen_, now));
    const Surprise surprise = approach_.surprise(measure);
    if (surprise.place > unlikely_place)
        approach_.doubt(std::min(surprise.place / unlikely_place, most_doubt));
    const bool resized = is_jump(surprise);
    if (resized) {
        approach_.correct_with_new_width(measure);
        const auto jump = static_cast<float>(std::exp(surprise.grown));
        first_width_ *= jump;  // as if it had been seen like that from the first
        last_width_ *= jump;
    } else {
        approach_.correct(measure);
    }
    learn_size_noise(surprise);
    box_ = bounding_box(quad);
    seen_ = now;
    ++sightings_;
    const Point to = measure.place;
    if (std::hypot(to.x - anchor_.x, to.y - anchor_.y) > standing_widths * wide) {
        anchor_ = to;
        anchored_ = now;
    }
    if (sightings_ <= first_sightings) first_width_ += (wide - first_width_) / static_cast<float>(sightings_);
    last_width_ = smoothed(last_width_, wide, width_memory);
    return resized;
}

/// A quad that takes a grille or a frame along in one frame and not in the next.
void Motion::learn_size_noise(const Surprise& surprise) {
    const double fresh = size_noise2_ + square(surprise.grown) - surprise.grown2;
    size_noise2_ = std::clamp(size_memory * size_noise2_ + (1 - size_memory) * fresh,
                              square(least_size_noise), square(most_size_noise));
}

Box Motion::settled_box() const {
    const Point place = approach_.place();
    const auto half_width = static_cast<float>(approach_.width()) / 2;
    const float half_height = half_width * box_.height() / std::max(box_.width(), 1.0F);
    return {place.x - half_width, place.y - half_height, place.x + half_width, place.y + half_height};
}

Box Motion::predict(BootTime now) const {
    const Approach ahead = at(now);
    const Point place = ahead.place();
    const auto grown = static_cast<float>(ahead.width() / approach_.width());
    const float half_width = box_.width() * grown / 2;
    const float half_height = box_.height() * grown / 2;
    return {place.x - half_width, place.y - half_height, place.x + half_width, place.y + half_height};
}

MotionFit Motion::fit(const Quad& quad, BootTime now, double shake_px) const {
    const Approach ahead = at(now);
    const PlateMeasure measure = measure_of(quad, shake_px);
    const Surprise told = ahead.surprise(measure);
    const double widest = std::max(measure.width, ahead.width());
    const double off2 = square(told.x_px) + square(told.y_px);
    return {told.place + std::min(told.size, cost_of_a_jump), told.spread - 4 * std::log(widest),
            std::sqrt(off2) / widest, std::exp(std::abs(told.grown)),
            (off2 - told.x_px2 - told.y_px2) / 2 + square(shake_px)};
}

/// Quads that take a grille along, or no longer do, feign a growth that the way contradicts.
Direction Motion::direction() const {
    const float growth = last_width_ / std::max(first_width_, 1.0F);
    const float way = (approach_.place().y - first_centre_.y) / std::max(last_width_, 1.0F);
    const Direction by_growth = either(growth, growth_that_tells, 1 / growth_that_tells);
    const Direction by_way = either(way, way_that_tells_widths, -way_that_tells_widths);
    if (by_growth == Direction::unknown) return by_way;
    const bool feigned = growth < feigned_growth && growth > 1 / feigned_growth;
    if (by_way != Direction::unknown && feigned && std::abs(way) > way_that_overrules_widths) return by_way;
    return by_growth;
}

}  // namespace portcullis
