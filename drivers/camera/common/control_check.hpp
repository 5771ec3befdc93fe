#pragma once
// A setting against what the camera offers: within its range it is taken, else refused with the range. Pure
// functions, reentrant.

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "drivers/camera/common/live_settings.hpp"

namespace portcullis::camera {

/// In the unit of the key.
struct OfferedRange {
    double low = 0;
    double high = 0;
    double step = 0;  // 0: any value between
};

/// The value, moved to the step below it. Errors (configuration): "camera.gain: 900 is outside what X offers:
/// 0 to 100 ...; write a number in this range".
[[nodiscard]] Result<double> checked(std::string_view key, double value, const OfferedRange& offered,
                                     std::string_view camera);

/// "camera.focus: X offers no such control; take the key out".
[[nodiscard]] Error not_offered(std::string_view key, std::string_view camera);
/// The plate profile stands or falls with its shutter.
[[nodiscard]] Error no_short_shutter(std::string_view camera, const std::optional<OfferedRange>& offered);

/// The gain of the plate profile when none is named: quiet pictures before bright ones.
[[nodiscard]] double plate_gain(const OfferedRange& offered);

}  // namespace portcullis::camera
