#pragma once
// Settler: makes the voted read final. Plate formats weigh its characters and tell its jurisdiction, and its
// confidence becomes a calibrated one: of the reads that say 0.9, nine in ten are wholly right. Immutable,
// thread-safe. The folder (models/plate-formats) is described in its README.md.

#include <filesystem>
#include <span>

#include "base/result.hpp"
#include "core/reading.hpp"
#include "vision/plate_formats.hpp"

namespace portcullis {

/// Platt's scaling (Platt 1999): log-odds of the calibrated confidence = slope * log-odds + offset. Monotone,
/// so it never changes which of two reads is the surer one.
struct Calibration {
    float slope = 1;
    float offset = 0;
};

/// Pure function; 0 and 1 stay apart from the ends by 1e-4.
[[nodiscard]] float calibrated(float confidence, const Calibration& calibration);

class Settler {
  public:
    /// Errors: configuration (formats.toml or calibration.toml missing or wrong).
    [[nodiscard]] static Result<Settler> create(const std::filesystem::path& folder);

    /// look: what the pictures say of the jurisdiction. A read without characters stays as it is.
    [[nodiscard]] Read settle(Read voted, std::span<const Jurisdiction> look) const;

  private:
    Settler(PlateFormats formats, Calibration calibration);

    PlateFormats formats_;
    Calibration calibration_;
};

}  // namespace portcullis
