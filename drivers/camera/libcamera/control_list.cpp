#include "drivers/camera/libcamera/control_list.hpp"

#include <array>
#include <cmath>

#include "drivers/camera/common/control_check.hpp"

namespace portcullis::libcamera_driver {

namespace {

using camera::OfferedRange;
using libcamera::ControlInfoMap;
using libcamera::ControlList;
using libcamera::ControlValue;

/// Nothing for a kind that is no number.
std::optional<double> number(const ControlValue& value) {
    if (value.isArray()) return std::nullopt;
    switch (value.type()) {
        case libcamera::ControlTypeByte:
            return value.get<std::uint8_t>();
        case libcamera::ControlTypeInteger32:
            return value.get<std::int32_t>();
        case libcamera::ControlTypeInteger64:
            return static_cast<double>(value.get<std::int64_t>());
        case libcamera::ControlTypeFloat:
            return static_cast<double>(value.get<float>());
        default:
            return std::nullopt;
    }
}

/// Whole numbers are rounded down, so that an exposure is never longer than asked for.
ControlValue value_like(const ControlValue& model, double value) {
    switch (model.type()) {
        case libcamera::ControlTypeByte:
            return ControlValue(static_cast<std::uint8_t>(value));
        case libcamera::ControlTypeInteger32:
            return ControlValue(static_cast<std::int32_t>(std::floor(value)));
        case libcamera::ControlTypeInteger64:
            return ControlValue(static_cast<std::int64_t>(std::floor(value)));
        default:
            return ControlValue(static_cast<float>(value));
    }
}

bool has(const ControlInfoMap& offered, unsigned id) {
    return offered.find(id) != offered.end();
}

std::optional<OfferedRange> range_of(const ControlInfoMap& offered, unsigned id) {
    const auto found = offered.find(id);
    if (found == offered.end()) return std::nullopt;
    const auto low = number(found->second.min());
    const auto high = number(found->second.max());
    if (!low || !high) return std::nullopt;
    return OfferedRange{*low, *high, 0};
}

/// What the three of them walk with.
struct Wish {
    const ControlInfoMap& offered;
    const LiveCameraSettings& settings;
    const std::string& camera;
    ControlList& list;
};

Result<void> set(const Wish& wish, unsigned id, std::string_view key, double wanted) {
    const auto range = range_of(wish.offered, id);
    if (!range) return fail(camera::not_offered(key, wish.camera));
    const double value = TRY(camera::checked(key, wanted, *range, wish.camera));
    wish.list.set(id, value_like(wish.offered.find(id)->second.min(), value));
    return {};
}

Result<void> set_if_wanted(const Wish& wish, unsigned id, std::string_view key,
                           const std::optional<double>& wanted) {
    if (!wanted) return {};
    return set(wish, id, key, *wanted);
}

Result<void> set_exposure(const Wish& wish) {
    const auto wanted = wanted_exposure_us(wish.settings);
    if (!wanted) return {};
    const auto range = range_of(wish.offered, libcamera::controls::EXPOSURE_TIME);
    const bool plate = wish.settings.profile == CameraProfile::plate;
    if (plate && (!range || (range->low > *wanted && !wish.settings.exposure_us)))
        return fail(camera::no_short_shutter(wish.camera, range));
    hold_exposure_and_gain(wish.list, wish.offered);
    return set(wish, libcamera::controls::EXPOSURE_TIME, "exposure_us", *wanted);
}

Result<void> set_gain(const Wish& wish) {
    const bool plate = wish.settings.profile == CameraProfile::plate;
    const auto range = range_of(wish.offered, libcamera::controls::ANALOGUE_GAIN);
    if (!wish.settings.gain && (!plate || !range)) return {};
    if (range) hold_exposure_and_gain(wish.list, wish.offered);
    return set(wish, libcamera::controls::ANALOGUE_GAIN, "gain",
               wish.settings.gain ? *wish.settings.gain : camera::plate_gain(*range));
}

Result<void> set_focus(const Wish& wish) {
    const bool hold = wish.settings.focus || wish.settings.profile == CameraProfile::plate;
    if (hold && has(wish.offered, libcamera::controls::AF_MODE))
        wish.list.set(libcamera::controls::AfMode,
                      static_cast<std::int32_t>(libcamera::controls::AfModeManual));
    return set_if_wanted(wish, libcamera::controls::LENS_POSITION, "focus", wish.settings.focus);
}

/// The frame rate, where the pipeline lets it be set; the shutter does not move it then.
Result<void> set_duration(const Wish& wish) {
    const auto found = wish.offered.find(libcamera::controls::FRAME_DURATION_LIMITS);
    if (found == wish.offered.end()) return {};
    const auto shortest = number(found->second.min());
    const auto longest = number(found->second.max());
    const double wanted = 1e6 / wish.settings.frames_per_second;
    constexpr double tolerance = 0.01;
    if (shortest && longest && *shortest > 0 && *longest > 0 &&
        (wanted < *shortest * (1 - tolerance) || wanted > *longest * (1 + tolerance)))
        return fail(ErrorCode::configuration,
                    "camera.frames_per_second: {} gives {:.4g} to {:.4g} a second in this size, not {}; "
                    "write a number "
                    "in this range",
                    wish.camera, 1e6 / *longest, 1e6 / *shortest, wish.settings.frames_per_second);
    const auto duration = static_cast<std::int64_t>(wanted);
    const std::array<std::int64_t, 2> both{duration, duration};
    wish.list.set(libcamera::controls::FrameDurationLimits, libcamera::Span<const std::int64_t, 2>(both));
    return {};
}

Result<void> set_white_balance(const Wish& wish) {
    if (!wish.settings.white_balance_k) return {};
    if (has(wish.offered, libcamera::controls::AWB_ENABLE))
        wish.list.set(libcamera::controls::AwbEnable, false);
    return set(wish, libcamera::controls::COLOUR_TEMPERATURE, "white_balance_k",
               *wish.settings.white_balance_k);
}

}  // namespace

Result<ControlList> control_list(const ControlInfoMap& offered, const LiveCameraSettings& settings,
                                 const std::string& camera) {
    ControlList list(libcamera::controls::controls);
    const Wish wish{offered, settings, camera, list};
    TRY(set_exposure(wish));
    TRY(set_gain(wish));
    TRY(set_focus(wish));
    TRY(set_duration(wish));
    TRY(set_if_wanted(wish, libcamera::controls::BRIGHTNESS, "brightness", settings.brightness));
    TRY(set_if_wanted(wish, libcamera::controls::CONTRAST, "contrast", settings.contrast));
    TRY(set_if_wanted(wish, libcamera::controls::SATURATION, "saturation", settings.saturation));
    TRY(set_if_wanted(wish, libcamera::controls::SHARPNESS, "sharpness", settings.sharpness));
    TRY(set_white_balance(wish));
    return list;
}

}  // namespace portcullis::libcamera_driver
