#pragma once
// Approach: one plate's place in the picture, its width, and how both change, estimated together. Values;
// thread-bound.
//
// A plate that keeps its speed and its heading draws near to the lens as 1 - g t, with g the rate at which it
// grows now (1/g is the time to contact: Lee, Perception 5, 1976). Its picture then moves and grows as
//     p(t) = p + v t / (1 - g t)        w(t) = w / (1 - g t)
// exactly, whatever the camera's lens, height and tilt. An extended Kalman filter (Bar-Shalom, Li,
// Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, 10.3) follows place, log w, v
// and g in one state: how a plate gains speed tells its growth as well as its width does, which is often
// measured badly.

#include <array>

#include "core/geometry.hpp"

namespace portcullis {

/// What was measured of a plate in one frame, and how well.
struct PlateMeasure {
    Point place;             // its centre, pixels
    double width = 1;        // pixels, at least 1
    double place_px2 = 0;    // variance of each coordinate
    double size_noise2 = 0;  // variance of the logarithm of the width
};

/// How far a measure is from what was expected.
struct Surprise {
    double place = 0;   // squared Mahalanobis distance, 2 degrees of freedom
    double size = 0;    // and of the logarithm of the width, given the place: 1 more
    double spread = 0;  // logarithm of the determinant of the expected covariance (px^4)
    double x_px = 0;    // measured less expected
    double y_px = 0;
    double grown = 0;  // of the logarithm of the width
    double x_px2 = 0;  // expected variances of these
    double y_px2 = 0;
    double grown2 = 0;
};

class Approach {
  public:
    explicit Approach(const PlateMeasure& first);

    /// On by so many seconds, to a state that is less sure; at most max_prediction_s of them count.
    void predict(double seconds);
    /// Less sure of all, by this factor of the variances.
    void doubt(double factor);
    /// What a measure at this moment would be to it.
    [[nodiscard]] Surprise surprise(const PlateMeasure& measure) const;
    void correct(const PlateMeasure& measure);
    /// The width is another one from now on, its growth goes on; place and speed are corrected.
    void correct_with_new_width(const PlateMeasure& measure);

    [[nodiscard]] Point place() const;
    [[nodiscard]] double width() const;  // pixels

  private:
    enum Part : std::size_t { x, y, size, x_rate, y_rate, growth, parts };
    using Row = std::array<double, parts>;

    void correct(Part part, double innovation, double variance);
    void move(double t);
    void disturb(Part value, Part rate, double restless, double t);

    Row state_{};
    std::array<Row, parts> covariance_{};
};

}  // namespace portcullis
