#pragma once
// Builds the capture record of a passage: the read, what is known of it, and the pictures that policy keeps.
// Pure function, reentrant.

#include "core/capture_record.hpp"
#include "pipeline/road.hpp"
#include "pipeline/settings.hpp"

namespace portcullis {

/// A picture that cannot be encoded is left out with a warning: the read must not be lost with it.
[[nodiscard]] CaptureRecord build_record(const Captured& captured, const MediaSettings& media,
                                         const std::string& firmware, const std::string& model);

}  // namespace portcullis
