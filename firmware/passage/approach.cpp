#include "passage/approach.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

// Found with the drawn traffic of tests/support/road_traffic.hpp; README.md in this folder says how.
// 130 km/h, 15 m before a camera that hangs 5.5 m high, are 25 plate widths and a growth of 2.4 a second.
constexpr double first_speed_widths_s = 12;
constexpr double first_growth_s = 1.5;
constexpr double restless_place = 1;    // plate widths^2 / s^3: braking and turning
constexpr double restless_size = 0.5;   // 1 / s^3
constexpr double max_prediction_s = 2;  // further on, nothing holds
constexpr double least_closeness = 0.35;
constexpr double most_closeness = 3;  // of 1 - g t: nearer or farther, the rates are noise

double square(double value) {
    return value * value;
}

}  // namespace

Approach::Approach(const PlateMeasure& first) {
    state_[x] = first.place.x;
    state_[y] = first.place.y;
    state_[size] = std::log(first.width);
    covariance_[x][x] = covariance_[y][y] = first.place_px2;
    covariance_[size][size] = first.size_noise2;
    covariance_[x_rate][x_rate] = covariance_[y_rate][y_rate] = square(first_speed_widths_s * first.width);
    covariance_[growth][growth] = square(first_growth_s);
}

void Approach::predict(double seconds) {
    const double t = std::clamp(seconds, 0.0, max_prediction_s);
    const double widest2 = square(width());
    move(t);
    disturb(x, x_rate, restless_place * widest2, t);
    disturb(y, y_rate, restless_place * widest2, t);
    disturb(size, growth, restless_size, t);
}

/// A rate that changes at random by so much (variance a second), and what comes of it.
void Approach::disturb(Part value, Part rate, double restless, double t) {
    covariance_[value][value] += restless * t * t * t / 3;
    covariance_[value][rate] += restless * t * t / 2;
    covariance_[rate][value] += restless * t * t / 2;
    covariance_[rate][rate] += restless * t;
}

/// The state after t, and the covariance by the state's derivatives: C = F C F'.
void Approach::move(double t) {
    const double closeness = 1 - state_[growth] * t;
    const double nearer = 1 / std::clamp(closeness, least_closeness, most_closeness);
    // Where the closeness is held back, the growth has no more say.
    const double by_growth =
        closeness < least_closeness || closeness > most_closeness ? 0 : t * square(nearer);
    std::array<Row, parts> by{};  // d state after / d state before
    for (std::size_t i = 0; i < parts; ++i)
        by[i][i] = 1;
    for (const auto& [value, rate] : {std::pair{x, x_rate}, std::pair{y, y_rate}}) {
        by[value][rate] = t * nearer;
        by[value][growth] = state_[rate] * t * by_growth;
        by[rate][rate] = square(nearer);
        by[rate][growth] = state_[rate] * 2 * nearer * by_growth;
        state_[value] += state_[rate] * t * nearer;
        state_[rate] *= square(nearer);
    }
    by[size][growth] = by_growth / nearer;
    by[growth][growth] = nearer + state_[growth] * by_growth;
    state_[size] += std::log(nearer);
    state_[growth] *= nearer;

    std::array<Row, parts> half{};
    for (std::size_t i = 0; i < parts; ++i)
        for (std::size_t j = 0; j < parts; ++j)
            for (std::size_t k = 0; k < parts; ++k)
                half[i][j] += by[i][k] * covariance_[k][j];
    for (std::size_t i = 0; i < parts; ++i)
        for (std::size_t j = 0; j < parts; ++j) {
            covariance_[i][j] = 0;
            for (std::size_t k = 0; k < parts; ++k)
                covariance_[i][j] += half[i][k] * by[j][k];
        }
}

/// One measured number at a time: their errors have nothing to do with each other. A place says nothing of
/// the growth (Schmidt's filter): a swaying pole would feign it.
void Approach::correct(Part part, double innovation, double variance) {
    const Row column = covariance_[part];
    const double sum = column[part] + variance;
    Row gain{};
    for (std::size_t i = 0; i < parts; ++i)
        if (part == size || (i != size && i != growth)) gain[i] = column[i] / sum;
    for (std::size_t i = 0; i < parts; ++i)
        state_[i] += gain[i] * innovation;
    // For any gain (Joseph's form, multiplied out).
    for (std::size_t i = 0; i < parts; ++i)
        for (std::size_t j = 0; j < parts; ++j)
            covariance_[i][j] += gain[i] * gain[j] * sum - gain[i] * column[j] - column[i] * gain[j];
}

void Approach::doubt(double factor) {
    for (Row& row : covariance_)
        for (double& value : row)
            value *= factor;
}

Surprise Approach::surprise(const PlateMeasure& measure) const {
    Surprise told;
    told.x_px = measure.place.x - state_[x];
    told.y_px = measure.place.y - state_[y];
    told.grown = std::log(measure.width) - state_[size];
    told.x_px2 = covariance_[x][x] + measure.place_px2;
    told.y_px2 = covariance_[y][y] + measure.place_px2;
    told.grown2 = covariance_[size][size] + measure.size_noise2;
    Approach given = *this;
    const auto take = [&](Part part, double measured, double variance) {
        const double innovation = measured - given.state_[part];
        const double sum = given.covariance_[part][part] + variance;
        given.correct(part, innovation, variance);
        told.spread += std::log(sum);
        return square(innovation) / sum;
    };
    told.place = take(x, measure.place.x, measure.place_px2);
    told.place += take(y, measure.place.y, measure.place_px2);
    told.size = take(size, std::log(measure.width), measure.size_noise2);
    return told;
}

void Approach::correct(const PlateMeasure& measure) {
    correct(x, measure.place.x - state_[x], measure.place_px2);
    correct(y, measure.place.y - state_[y], measure.place_px2);
    correct(size, std::log(measure.width) - state_[size], measure.size_noise2);
}

void Approach::correct_with_new_width(const PlateMeasure& measure) {
    correct(x, measure.place.x - state_[x], measure.place_px2);
    correct(y, measure.place.y - state_[y], measure.place_px2);
    state_[size] = std::log(measure.width);
    for (std::size_t i = 0; i < parts; ++i)
        covariance_[i][size] = covariance_[size][i] = 0;
    covariance_[size][size] = measure.size_noise2;
}

Point Approach::place() const {
    return {static_cast<float>(state_[x]), static_cast<float>(state_[y])};
}

double Approach::width() const {
    return std::exp(state_[size]);
}

}  // namespace portcullis
