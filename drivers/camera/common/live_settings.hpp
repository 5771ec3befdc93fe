#pragma once
// What a live camera is asked for, whichever driver opens it. Values. The names in the comments are the keys
// of [camera] in the reader's settings: messages name them.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/frame.hpp"

namespace portcullis {

/// How a camera packs its pixels. bgr24 is B G R in memory, which libcamera calls RGB888.
enum class RawFormat { mjpeg, yuyv, nv12, yuv420, grey, bgr24 };
[[nodiscard]] const char* to_string(RawFormat format);

/// plate: the shutter is 1/1000 s or shorter and stays so, gain and focus are fixed: letters stay sharp at
/// speed. scene: what no setting names is left to the camera's own automatics.
enum class CameraProfile { plate, scene };

inline constexpr std::int64_t longest_plate_exposure_us = 1000;
inline constexpr double plate_gain_share = 0.25;  // of the offered range, when no gain is named

struct LiveCameraSettings {
    std::string device;               // camera.device; empty: the first one
    int width = 1280;                 // camera.width_px
    int height = 720;                 // camera.height_px
    std::optional<RawFormat> pixels;  // camera.pixels; empty: what suits the road best
    double frames_per_second = 30;    // camera.frames_per_second
    std::size_t buffers = 6;          // camera.buffers, 3 to 32
    milliseconds stall{3000};         // camera.stall_ms: silence after which the camera counts as lost
    CameraProfile profile = CameraProfile::plate;  // camera.profile
    // Empty: the profile decides.
    std::optional<double> exposure_us;  // camera.exposure_us
    std::optional<double> gain;         // camera.gain, in the camera's own unit; libcamera: a factor
    std::optional<double> focus;        // camera.focus, in the camera's own unit; libcamera: dioptres
    std::optional<double> brightness;
    std::optional<double> contrast;
    std::optional<double> saturation;
    std::optional<double> sharpness;
    std::optional<double> white_balance_k;  // camera.white_balance_k
};

/// The shutter that the settings ask for; nothing: the camera's own.
[[nodiscard]] std::optional<double> wanted_exposure_us(const LiveCameraSettings& settings);

}  // namespace portcullis
