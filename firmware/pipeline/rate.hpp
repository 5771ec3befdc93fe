#pragma once
// RateStep: what the road leaves out while the machine is under strain (health/rate_governor.hpp). Values.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace portcullis {

struct RateStep {
    std::uint64_t search_every =
        1;  // of the camera's frames one in so many is looked at, the others go back at once
    bool few_patches = false;  // of a new passage no more patches are read than the budget's first ones
};

/// From full rate down. With one frame in eight a camera of 30 frames a second still sees a vehicle of
/// 50 km/h four times on its way through 15 m.
inline constexpr std::array rate_steps = {RateStep{1, false}, RateStep{2, false}, RateStep{4, true},
                                          RateStep{8, true}};

[[nodiscard]] inline const RateStep& rate_step(int step) {
    return rate_steps.at(
        static_cast<std::size_t>(std::clamp(step, 0, static_cast<int>(rate_steps.size()) - 1)));
}

}  // namespace portcullis
