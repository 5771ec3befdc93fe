#include "drivers/camera/common/control_check.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

const char* to_string(RawFormat format) {
    switch (format) {
        case RawFormat::mjpeg:
            return "mjpeg";
        case RawFormat::yuyv:
            return "yuyv";
        case RawFormat::nv12:
            return "nv12";
        case RawFormat::yuv420:
            return "yuv420";
        case RawFormat::grey:
            return "grey";
        case RawFormat::bgr24:
            return "bgr24";
    }
    return "unknown";
}

std::optional<double> wanted_exposure_us(const LiveCameraSettings& settings) {
    if (settings.exposure_us) return settings.exposure_us;
    if (settings.profile == CameraProfile::plate) return static_cast<double>(longest_plate_exposure_us);
    return std::nullopt;
}

}  // namespace portcullis

namespace portcullis::camera {

namespace {

std::string in_words(const OfferedRange& offered) {
    if (offered.step > 0)
        return fmt::format("{} to {} in steps of {}", offered.low, offered.high, offered.step);
    return fmt::format("{} to {}", offered.low, offered.high);
}

}  // namespace

Result<double> checked(std::string_view key, double value, const OfferedRange& offered,
                       std::string_view camera) {
    if (!(value >= offered.low && value <= offered.high))
        return fail(ErrorCode::configuration,
                    "camera.{}: {} is outside what {} offers: {}; write a number in this range", key, value,
                    camera, in_words(offered));
    if (offered.step <= 0) return value;
    // A hair above, so that 0.3 in steps of 0.1 is not 0.2.
    return offered.low + std::floor((value - offered.low) / offered.step + 1e-9) * offered.step;
}

Error not_offered(std::string_view key, std::string_view camera) {
    return {ErrorCode::configuration,
            fmt::format("camera.{}: {} offers no such control; take the key out", key, camera)};
}

Error no_short_shutter(std::string_view camera, const std::optional<OfferedRange>& offered) {
    return {
        ErrorCode::configuration,
        fmt::format("camera.profile: \"plate\" needs a shutter of {} us or shorter, and {} offers {}; take "
                    "another camera, or write profile = \"scene\" and expect smeared letters",
                    longest_plate_exposure_us, camera,
                    offered ? in_words(*offered) + " us" : std::string("no exposure time"))};
}

double plate_gain(const OfferedRange& offered) {
    const double gain = offered.low + (offered.high - offered.low) * plate_gain_share;
    return offered.step > 0 ? offered.low + std::floor((gain - offered.low) / offered.step) * offered.step
                            : gain;
}

}  // namespace portcullis::camera
