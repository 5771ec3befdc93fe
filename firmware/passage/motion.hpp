#pragma once
// Motion: where one plate was, where it should be next and how surely, whether it stands still and which way
// it goes. Knows nothing of texts. Values; thread-bound.

#include "base/clock.hpp"
#include "core/geometry.hpp"
#include "core/passage.hpp"
#include "passage/approach.hpp"

namespace portcullis {

/// A plate that stayed within half its width for this long stands still.
inline constexpr std::chrono::seconds stands_after{2};

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

    /// now is not before the last sighting. True when the quad is of another size than its way told: it holds
    /// something else than before, the plate instead of the grille round it, or the other way round.
    bool see(const Quad& quad, BootTime now, double shake_px);

    [[nodiscard]] const Box& last_box() const { return box_; }
    /// Where and how wide it seems to be after all sightings; one bad quad changes little.
    [[nodiscard]] Box settled_box() const;
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
    [[nodiscard]] Approach at(BootTime now) const;
    [[nodiscard]] PlateMeasure measure_of(const Quad& quad, double shake_px) const;
    void learn_size_noise(const Surprise& surprise);

    Approach approach_;
    double size_noise2_;  // of this plate's quads, learned
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
