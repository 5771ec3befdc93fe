#include "passage/motion.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// Found with the drawn traffic of tests/support/road_traffic.hpp; firmware/passage/README.md says how.
constexpr double centre_noise_widths = 0.06;  // standard deviation of a quad's centre, in its widths
constexpr double size_noise = 0.06;           // of its width, as a share
// 130 km/h, 15 m before a camera that hangs 5.5 m high, are 25 plate widths and a growth of 2.4 a second.
constexpr double first_speed_widths_s = 12;
constexpr double first_growth_s = 1.5;
constexpr double restless_place = 1;    // plate widths^2 / s^3: braking and turning
constexpr double restless_size = 0.5;   // 1 / s^3
constexpr double max_prediction_s = 2;  // further on, nothing holds
constexpr double least_closeness = 0.35;
constexpr double most_closeness = 3;  // of 1 - g t: nearer or farther, the rates are noise

constexpr int first_sightings = 3;
constexpr float width_memory = 0.6F;
constexpr float standing_widths = 0.5F;  // a plate that moved less than this stands
constexpr float growth_that_tells = 1.15F;
constexpr float way_that_tells_widths = 1.0F;  // vertical, in plate widths

double seconds_between(BootTime from, BootTime to) {
    return std::clamp(std::chrono::duration<double>(to - from).count(), 0.0, max_prediction_s);
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

double centre_variance(double width, double shake_px) {
    return square(centre_noise_widths * width) + square(shake_px);
}

}  // namespace

void Drift::predict(double seconds, double growth, double growth_variance, double restless) {
    const double nearer = 1 / std::clamp(1 - growth * seconds, least_closeness, most_closeness);
    const double step = seconds * nearer;
    const double faster = square(nearer);
    variance_ += 2 * step * covariance_ + square(step) * rate_variance_ +
                 restless * seconds * seconds * seconds / 3 + square(rate_ * step * step) * growth_variance;
    covariance_ = faster * (covariance_ + step * rate_variance_) + restless * seconds * seconds / 2;
    rate_variance_ = square(faster) * rate_variance_ + restless * seconds;
    value_ += rate_ * step;
    rate_ *= faster;
}

void Drift::correct(double measured, double variance) {
    const double sum = variance_ + variance;
    const double gain = variance_ / sum;
    const double rate_gain = covariance_ / sum;
    const double surprise = measured - value_;
    value_ += gain * surprise;
    rate_ += rate_gain * surprise;
    rate_variance_ -= rate_gain * covariance_;
    covariance_ *= 1 - gain;
    variance_ *= 1 - gain;
}

void Motion::State::predict(double seconds) {
    const double growth = size.rate();
    const double growth_variance = size.rate_variance();
    const double width = std::exp(size.value());
    x.predict(seconds, growth, growth_variance, restless_place * square(width));
    y.predict(seconds, growth, growth_variance, restless_place * square(width));
    // The logarithm of w / (1 - g t) is that of w and a step that itself grows: to the first order g t
    // nearer.
    size.predict(seconds, growth / 2, 0, restless_size);
}

Motion::Motion(const Quad& quad, BootTime now, double shake_px)
    : state_{Drift(centre(quad).x, centre_variance(width_of(quad), shake_px),
                   square(first_speed_widths_s * width_of(quad))),
             Drift(centre(quad).y, centre_variance(width_of(quad), shake_px),
                   square(first_speed_widths_s * width_of(quad))),
             Drift(std::log(width_of(quad)), square(size_noise), square(first_growth_s))},
      box_(bounding_box(quad)),
      seen_(now),
      anchor_(centre(quad)),
      anchored_(now),
      first_width_(static_cast<float>(width_of(quad))),
      last_width_(first_width_),
      first_centre_(anchor_) {}

Motion::State Motion::at(BootTime now) const {
    State ahead = state_;
    ahead.predict(seconds_between(seen_, now));
    return ahead;
}

void Motion::see(const Quad& quad, BootTime now, double shake_px) {
    const Point to = centre(quad);
    const double width = width_of(quad);
    state_.predict(seconds_between(seen_, now));
    state_.x.correct(to.x, centre_variance(width, shake_px));
    state_.y.correct(to.y, centre_variance(width, shake_px));
    state_.size.correct(std::log(width), square(size_noise));
    box_ = bounding_box(quad);
    seen_ = now;
    ++sightings_;
    const auto wide = static_cast<float>(width);
    if (std::hypot(to.x - anchor_.x, to.y - anchor_.y) > standing_widths * wide) {
        anchor_ = to;
        anchored_ = now;
    }
    if (sightings_ <= first_sightings) first_width_ += (wide - first_width_) / static_cast<float>(sightings_);
    last_width_ = smoothed(last_width_, wide, width_memory);
}

Box Motion::predict(BootTime now) const {
    const State ahead = at(now);
    const auto x = static_cast<float>(ahead.x.value());
    const auto y = static_cast<float>(ahead.y.value());
    const auto grown = static_cast<float>(std::exp(ahead.size.value() - state_.size.value()));
    const float half_width = box_.width() * grown / 2;
    const float half_height = box_.height() * grown / 2;
    return {x - half_width, y - half_height, x + half_width, y + half_height};
}

MotionFit Motion::fit(const Quad& quad, BootTime now, double shake_px) const {
    const State ahead = at(now);
    const Point place = centre(quad);
    const double width = width_of(quad);
    const double widest = std::max(width, std::exp(ahead.size.value()));
    const double x_variance = ahead.x.variance() + centre_variance(width, shake_px);
    const double y_variance = ahead.y.variance() + centre_variance(width, shake_px);
    const double size_variance = ahead.size.variance() + square(size_noise);
    const double dx = place.x - ahead.x.value();
    const double dy = place.y - ahead.y.value();
    const double grown = std::log(width) - ahead.size.value();
    return {square(dx) / x_variance + square(dy) / y_variance + square(grown) / size_variance,
            std::log(x_variance / square(widest)) + std::log(y_variance / square(widest)) +
                std::log(size_variance),
            std::hypot(dx, dy) / widest, std::exp(std::abs(grown)),
            (square(dx) + square(dy) - x_variance - y_variance) / 2 + square(shake_px)};
}

Direction Motion::direction() const {
    const float growth = last_width_ / std::max(first_width_, 1.0F);
    if (growth >= growth_that_tells) return Direction::approaching;
    if (growth <= 1 / growth_that_tells) return Direction::receding;
    const auto way = (static_cast<float>(state_.y.value()) - first_centre_.y) / std::max(last_width_, 1.0F);
    if (way >= way_that_tells_widths) return Direction::approaching;
    if (way <= -way_that_tells_widths) return Direction::receding;
    return Direction::unknown;
}

}  // namespace portcullis
