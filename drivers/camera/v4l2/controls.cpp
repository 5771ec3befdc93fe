#include "drivers/camera/v4l2/controls.hpp"

#include <linux/videodev2.h>

#include <array>
#include <cerrno>
#include <cmath>

#include "base/log.hpp"
#include "drivers/camera/common/control_check.hpp"

namespace portcullis::v4l2 {

namespace {

using camera::OfferedRange;

constexpr double exposure_unit_us = 100;  // of V4L2_CID_EXPOSURE_ABSOLUTE

std::optional<OfferedRange> offered(const Device& device, std::uint32_t id) {
    v4l2_queryctrl query{};
    query.id = id;
    if (!device.ioctl(VIDIOC_QUERYCTRL, &query).ok()) return std::nullopt;
    if ((query.flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_READ_ONLY)) != 0) return std::nullopt;
    return OfferedRange{static_cast<double>(query.minimum), static_cast<double>(query.maximum),
                        static_cast<double>(query.step)};
}

Result<void> set(const Device& device, std::uint32_t id, double value, std::string_view key) {
    v4l2_control control{id, static_cast<std::int32_t>(std::lround(value))};
    const Called called = device.ioctl(VIDIOC_S_CTRL, &control);
    if (!called.ok()) return fail(device.failed(fmt::format("cannot set camera.{}", key), called.error));
    return {};
}

Result<void> set_if_offered(const Device& device, std::uint32_t id, double value, std::string_view key) {
    if (!offered(device, id)) return {};
    return set(device, id, value, key);
}

/// A setting whose unit is the device's own.
Result<void> set_plain(const Device& device, std::uint32_t id, const std::optional<double>& wanted,
                       std::string_view key) {
    if (!wanted) return {};
    const auto range = offered(device, id);
    if (!range) return fail(camera::not_offered(key, device.name()));
    return set(device, id, TRY(camera::checked(key, *wanted, *range, device.name())), key);
}

OfferedRange in_us(const OfferedRange& range) {
    return {range.low * exposure_unit_us, range.high * exposure_unit_us, range.step * exposure_unit_us};
}

Result<void> set_exposure(const Device& device, const LiveCameraSettings& settings) {
    const auto wanted = wanted_exposure_us(settings);
    if (!wanted) return {};
    const auto units = offered(device, V4L2_CID_EXPOSURE_ABSOLUTE);
    const bool plate = settings.profile == CameraProfile::plate;
    if (!units && plate) return fail(camera::no_short_shutter(device.name(), std::nullopt));
    if (!units) return fail(camera::not_offered("exposure_us", device.name()));
    const OfferedRange range = in_us(*units);
    if (plate && range.low > *wanted && !settings.exposure_us)
        return fail(camera::no_short_shutter(device.name(), range));
    const double exposure = TRY(camera::checked("exposure_us", *wanted, range, device.name()));
    TRY(set_if_offered(device, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL, "exposure_us"));
    // Else the device lowers its frame rate in the dark.
    TRY(set_if_offered(device, V4L2_CID_EXPOSURE_AUTO_PRIORITY, 0, "exposure_us"));
    return set(device, V4L2_CID_EXPOSURE_ABSOLUTE, exposure / exposure_unit_us, "exposure_us");
}

Result<void> set_gain(const Device& device, const LiveCameraSettings& settings) {
    const bool plate = settings.profile == CameraProfile::plate;
    if (!settings.gain && !plate) return {};
    std::uint32_t id = V4L2_CID_GAIN;
    auto range = offered(device, id);
    if (!range) range = offered(device, id = V4L2_CID_ANALOGUE_GAIN);
    if (!range && settings.gain) return fail(camera::not_offered("gain", device.name()));
    if (!range) return {};
    const double wanted = settings.gain ? *settings.gain : camera::plate_gain(*range);
    const double gain = TRY(camera::checked("gain", wanted, *range, device.name()));
    TRY(set_if_offered(device, V4L2_CID_AUTOGAIN, 0, "gain"));
    TRY(set(device, id, gain, "gain"));
    log_info("camera", "{}: gain {} of {} to {}", device.name(), gain, range->low, range->high);
    return {};
}

Result<void> set_focus(const Device& device, const LiveCameraSettings& settings) {
    if (settings.focus || settings.profile == CameraProfile::plate)
        TRY(set_if_offered(device, V4L2_CID_FOCUS_AUTO, 0, "focus"));
    return set_plain(device, V4L2_CID_FOCUS_ABSOLUTE, settings.focus, "focus");
}

}  // namespace

Result<void> set_controls(const Device& device, const LiveCameraSettings& settings) {
    TRY(set_exposure(device, settings));
    TRY(set_gain(device, settings));
    TRY(set_focus(device, settings));
    TRY(set_plain(device, V4L2_CID_BRIGHTNESS, settings.brightness, "brightness"));
    TRY(set_plain(device, V4L2_CID_CONTRAST, settings.contrast, "contrast"));
    TRY(set_plain(device, V4L2_CID_SATURATION, settings.saturation, "saturation"));
    TRY(set_plain(device, V4L2_CID_SHARPNESS, settings.sharpness, "sharpness"));
    if (settings.white_balance_k)
        TRY(set_if_offered(device, V4L2_CID_AUTO_WHITE_BALANCE, 0, "white_balance_k"));
    return set_plain(device, V4L2_CID_WHITE_BALANCE_TEMPERATURE, settings.white_balance_k, "white_balance_k");
}

}  // namespace portcullis::v4l2
