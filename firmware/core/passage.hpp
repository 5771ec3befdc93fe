#pragma once
// Passages: one vehicle passing one lane once. Values.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/geometry.hpp"

namespace portcullis {

/// Which way a vehicle goes, seen from the camera.
enum class Direction { unknown, approaching, receding };
[[nodiscard]] const char* to_string(Direction direction);
[[nodiscard]] Direction direction_from_string(std::string_view text);  // unknown for anything else

using PassageId = std::uint64_t;  // never used twice within a run of the reader

struct Passage {
    PassageId id = 0;
    std::string lane;
    Direction direction = Direction::unknown;
    BootTime first_seen{};
    BootTime last_seen{};
    int frames = 0;  // frames in which the plate was found
    Box entered{};   // where it was first seen, in the frame's pixels; not part of a record
    Box left{};      // and last

    /// How long the vehicle was in sight.
    [[nodiscard]] microseconds dwell() const { return last_seen - first_seen; }
};

}  // namespace portcullis
