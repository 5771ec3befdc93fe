#pragma once
// Between the passes: pairs of equal texts that look like two stays, of which the first one's exit and the
// second one's entry were misread. Pure, reentrant.

#include "crossing/same_plates.hpp"

namespace portcullis {

/// Takes such pairs out of `matched`, for the second pass: an open exit that is near lies between, and an
/// open entry that is near after it.
void release_contested(SamePlates& same, std::span<const PlateSighting> entries,
                       std::span<const PlateSighting> exits);

}  // namespace portcullis
