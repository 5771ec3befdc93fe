#pragma once
// SecondOpinion: up to three readers of different build on one patch. The first network reads; only where it
// is not sure the second network looks too, and what both saw is decoded together; where they are still not
// sure Tesseract reads, and the two readings are weighed place by place. Thread-bound.

#include "base/result.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"
#include "vision/network_reader.hpp"
#include "vision/plate_reader.hpp"

namespace portcullis {

struct SecondOpinionSettings {
    float sure_alone = 0.98F;  // a first reading of at least this confidence stands, [0, 1]; 0: never ask
    float sure = 0.3F;  // what the networks read with at least this confidence stands, [0, 1]; 0: never ask
    // A reading below it comes back empty, [0, 1]: most of what is read with less is no plate
    // (models/plate-network/README.md measures it).
    float least_confidence = 0.25F;
};

/// One reading of two of the same patch. Texts of one length are weighed letter by letter; of two lengths the
/// more confident stands. What the readers do not agree on is less sure than either said. Pure function,
/// reentrant.
[[nodiscard]] Reading merge_readings(const Reading& first, const Reading& second);

/// False for what is most likely no plate: less sure than least, or one or two characters that are not very
/// sure (badges, lamps and bolts). Pure function, reentrant.
[[nodiscard]] bool is_publishable(const Reading& reading, float least_confidence);

struct PlateReaders {
    NetworkReader first;
    NetworkReader second;
    PlateReader tesseract;
};

class SecondOpinion {
  public:
    /// Errors: invalid_argument (a setting out of its range).
    [[nodiscard]] static Result<SecondOpinion> create(PlateReaders readers,
                                                      const SecondOpinionSettings& settings);

    /// Errors: those of the readers.
    [[nodiscard]] Result<Reading> read(const PlatePatch& patch);

  private:
    SecondOpinion(PlateReaders readers, const SecondOpinionSettings& settings);

    PlateReaders readers_;
    SecondOpinionSettings settings_;
};

}  // namespace portcullis
