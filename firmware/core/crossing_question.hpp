#pragma once
// CrossingQuestion: which vehicles went in at one place and came out at another. It names no plate. It comes
// from outside: checked() before anything else. Values; pure functions, reentrant.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/passage.hpp"

namespace portcullis {

/// Of one side.
inline constexpr std::size_t max_crossing_places = 8;
inline constexpr std::chrono::hours max_crossing_dwell{24 * 31};
inline constexpr std::chrono::seconds max_clock_slack{600};

struct CrossingPlace {
    std::string device;
    std::string lane;  // empty: all of the device
    bool operator==(const CrossingPlace&) const = default;
};

struct CrossingSide {
    std::vector<CrossingPlace> places;
    std::optional<Direction> direction{};  // one camera may see both sides
    bool operator==(const CrossingSide&) const = default;

    [[nodiscard]] bool holds(std::string_view device, std::string_view lane, Direction way) const;
};

struct CrossingQuestion {
    CrossingSide entry;
    CrossingSide exit;
    UtcTime from{};  // both passages were captured then or later
    UtcTime to{};    // and before then
    std::chrono::seconds shortest{0};
    std::chrono::seconds longest{std::chrono::hours(24)};
    /// So far two devices' clocks may differ: an exit may seem to come so long before its entry.
    std::chrono::seconds slack{2};
    bool operator==(const CrossingQuestion&) const = default;
};

/// Errors: invalid_argument (says which field and what is allowed).
[[nodiscard]] Result<CrossingQuestion> checked(CrossingQuestion question);

}  // namespace portcullis
