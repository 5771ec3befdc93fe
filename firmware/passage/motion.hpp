#pragma once
// Motion: where one plate was, where it should be next and how surely, whether it stands still and which way
// it goes. Knows nothing of texts. Values; thread-bound.
//
// A plate that keeps its speed and its heading draws near to the lens as 1 - g t, with g the rate at which it
// grows now (1/g is the time to contact: Lee, Perception 5, 1976). Its picture then moves and grows as
//     p(t) = p + v t / (1 - g t)        w(t) = w / (1 - g t)
// exactly, whatever the camera's lens, height and tilt. Place and width are followed with their rates by
// three Kalman filters of a nearly constant rate (Bar-Shalom, Li, Kirubarajan, Estimation with Applications
// to Tracking and Navigation, 2001, 6.2), so that frame rate, gaps and missed frames change how sure a
// prediction is and nothing else.

#include "base/clock.hpp"
#include "core/geometry.hpp"
#include "core/passage.hpp"

namespace portcullis {

/// A plate that stayed within half its width for this long stands still.
inline constexpr std::chrono::seconds stands_after{2};

/// A value with its rate of change a second, and how unsure both are.
class Drift {
  public:
    Drift(double value, double variance, double rate_variance)
        : value_(value), variance_(variance), rate_variance_(rate_variance) {}

    /// growth: 1/s, at which the rate itself grows as above; restless: variance that a second adds to the
    /// rate.
    void predict(double seconds, double growth, double growth_variance, double restless);
    void correct(double measured, double variance);

    [[nodiscard]] double value() const { return value_; }
    [[nodiscard]] double rate() const { return rate_; }
    [[nodiscard]] double variance() const { return variance_; }
    [[nodiscard]] double rate_variance() const { return rate_variance_; }

  private:
    double value_;
    double rate_ = 0;
    double variance_;
    double covariance_ = 0;
    double rate_variance_;
};

/// How a quad fits what was predicted.
struct MotionFit {
    double distance = 0;     // squared Mahalanobis distance, 3 degrees of freedom
    double spread = 0;       // logarithm of the determinant of the innovation's covariance, in plate widths
    double away_widths = 0;  // from the predicted centre
    double size_ratio = 1;   // to the predicted width, >= 1
    double shake_px2 = 0;  // by how much the centre's error, squared, exceeds what is expected without shake
};

class Motion {
  public:
    /// shake_px, here and below: standard deviation of what a shaking pole adds to each place.
    Motion(const Quad& quad, BootTime now, double shake_px);

    /// now is not before the last sighting.
    void see(const Quad& quad, BootTime now, double shake_px);

    [[nodiscard]] const Box& last_box() const { return box_; }
    [[nodiscard]] BootTime last_seen() const { return seen_; }
    /// Straight on from where it was last seen; the box has the last one's shape.
    [[nodiscard]] Box predict(BootTime now) const;
    [[nodiscard]] MotionFit fit(const Quad& quad, BootTime now, double shake_px) const;
    /// False until it was seen three times: only then two steps agree.
    [[nodiscard]] bool is_known() const { return sightings_ > 2; }
    [[nodiscard]] bool stands() const { return seen_ - anchored_ >= stands_after; }
    /// From the first sightings to the last ones: growth; where the size says nothing (a steep camera), the
    /// way down or up the picture. A vehicle that came and went back has no direction.
    [[nodiscard]] Direction direction() const;

  private:
    struct State {
        Drift x;
        Drift y;
        Drift size;  // logarithm of the width
        void predict(double seconds);
    };
    [[nodiscard]] State at(BootTime now) const;

    State state_;
    Box box_;
    BootTime seen_;
    int sightings_ = 1;
    Point anchor_;  // where it may be standing
    BootTime anchored_;
    float first_width_;  // mean of the first sightings
    float last_width_;   // smoothed
    Point first_centre_;
};

}  // namespace portcullis
