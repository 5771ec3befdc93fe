#pragma once
// The plates that our renderer drew for the tests (tests/data/plates), cut out as the reader sees them.

#include <filesystem>
#include <string>
#include <vector>

#include "core/plate.hpp"
#include "core/reading.hpp"

namespace portcullis::test {

struct DrawnPlate {
    std::string name;
    std::string text;
    int rows = 0;
    Quad quad;
};

[[nodiscard]] std::vector<DrawnPlate> drawn_plates();
[[nodiscard]] PlatePatch patch_of(const DrawnPlate& plate);

/// A patch of one grey level.
[[nodiscard]] PlatePatch flat_patch(int width, int height, std::uint8_t grey);

/// Every character's confidence lies in [0, 1], and what may stand at its place sums to at most one.
void check_posteriors(const Reading& reading);

/// O as 0 and I as 1: most plates use one shape for both.
[[nodiscard]] std::string folded(std::string text);

}  // namespace portcullis::test
