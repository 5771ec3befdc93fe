#pragma once
// Motion: where one plate was, where it should be next, whether it stands still and which way it goes. Knows
// nothing of texts. Values; thread-bound.

#include "base/clock.hpp"
#include "core/geometry.hpp"
#include "core/passage.hpp"

namespace portcullis {

/// A plate that stayed within half its width for this long stands still.
inline constexpr std::chrono::seconds stands_after{2};

class Motion {
  public:
    Motion(const Box& box, BootTime now);

    void see(const Box& box, BootTime now);

    [[nodiscard]] const Box& last_box() const { return box_; }
    [[nodiscard]] BootTime last_seen() const { return seen_; }
    /// Straight on from where it was last seen.
    [[nodiscard]] Box predict(BootTime now) const;
    /// False until it was seen twice: any neighbourhood may be its next place.
    [[nodiscard]] bool has_velocity() const { return sightings_ > 1; }
    [[nodiscard]] bool stands() const { return seen_ - anchored_ >= stands_after; }
    /// From growth; where the size says nothing (a steep camera), from the way down or up the picture.
    [[nodiscard]] Direction direction() const;

  private:
    Box box_;
    BootTime seen_;
    int sightings_ = 1;
    Point velocity_{};  // pixels per second, smoothed
    Point anchor_;      // where it may be standing
    BootTime anchored_;
    float first_width_;
    float last_width_;  // smoothed
    Point first_centre_;
};

}  // namespace portcullis
