#include "config/camera_settings.hpp"

namespace portcullis {

namespace {

constexpr double any_control = 1'000'000;  // what a camera offers is asked of the camera

std::optional<double> optional_number(SettingsSection& section, std::string_view key, Range<double> range) {
    if (!section.has(key)) return std::nullopt;
    return section.number(key, range);
}

void read_controls(SettingsSection& section, CameraSettings& camera) {
    const Range<double> any{-any_control, any_control};
    camera.exposure_us = optional_number(section, "exposure_us", {1, any_control});
    camera.gain = optional_number(section, "gain", any);
    camera.focus = optional_number(section, "focus", any);
    camera.brightness = optional_number(section, "brightness", any);
    camera.contrast = optional_number(section, "contrast", any);
    camera.saturation = optional_number(section, "saturation", any);
    camera.sharpness = optional_number(section, "sharpness", any);
    camera.white_balance_k = optional_number(section, "white_balance_k", {1000, 20'000});
    section.check(!camera.plate || camera.exposure_us.value_or(1) <= longest_plate_shutter_us, "exposure_us",
                  "must not be above 1000 with profile = \"plate\"; a longer shutter smears letters");
}

}  // namespace

CameraSettings read_camera(SettingsSection section) {
    CameraSettings camera;
    camera.driver = section.choice<CameraDriver>("driver",
                                                 {{"replay", CameraDriver::replay},
                                                  {"v4l2", CameraDriver::v4l2},
                                                  {"libcamera", CameraDriver::libcamera}},
                                                 CameraDriver::replay);
    camera.device = section.text("device", std::string());
    camera.width_px = static_cast<int>(section.integer("width_px", {64, 8192}, 1280));
    camera.height_px = static_cast<int>(section.integer("height_px", {64, 8192}, 720));
    section.check(camera.width_px % 2 == 0, "width_px", "write an even number");
    camera.pixels = section.choice<CameraPixels>("pixels",
                                                 {{"auto", CameraPixels::any},
                                                  {"mjpeg", CameraPixels::mjpeg},
                                                  {"yuyv", CameraPixels::yuyv},
                                                  {"nv12", CameraPixels::nv12},
                                                  {"yuv420", CameraPixels::yuv420},
                                                  {"grey", CameraPixels::grey},
                                                  {"bgr24", CameraPixels::bgr24}},
                                                 CameraPixels::any);
    camera.frames_per_second = section.number("frames_per_second", {0.1, 1000}, 30.0);
    camera.buffers = static_cast<std::size_t>(section.integer("buffers", {3, 32}, 6));
    camera.stall = milliseconds(section.integer("stall_ms", {500, 60'000}, 3000));
    camera.plate = section.choice<bool>("profile", {{"plate", true}, {"scene", false}}, true);
    read_controls(section, camera);
    return camera;
}

}  // namespace portcullis
