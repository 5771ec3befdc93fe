#pragma once
// Section [camera] of the reader's settings: which driver gives the frames, and what is asked of a live
// camera. board/host/config/reader.toml explains every key. Values.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

enum class CameraDriver { replay, v4l2, libcamera };
enum class CameraPixels { any, mjpeg, yuyv, nv12, yuv420, grey, bgr24 };

inline constexpr double longest_plate_shutter_us = 1000;

struct CameraSettings {
    CameraDriver driver = CameraDriver::replay;
    std::string device;  // empty: the first camera
    int width_px = 0;
    int height_px = 0;
    CameraPixels pixels = CameraPixels::any;
    double frames_per_second = 0;
    std::size_t buffers = 0;
    milliseconds stall{};
    bool plate = true;  // camera.profile
    // Empty: the profile decides.
    std::optional<double> exposure_us;
    std::optional<double> gain;
    std::optional<double> focus;
    std::optional<double> brightness;
    std::optional<double> contrast;
    std::optional<double> saturation;
    std::optional<double> sharpness;
    std::optional<double> white_balance_k;
};

/// Complaints stay with the section's reader.
[[nodiscard]] CameraSettings read_camera(SettingsSection section);

}  // namespace portcullis
