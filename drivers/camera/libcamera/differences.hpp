#pragma once
// The one place that knows which libcamera this is. Debian 12 brings 0.0.3; 0.3 (its backports) and the later
// ones of Raspberry Pi OS differ in what stands here, and the rest of this driver is written in the words
// that all of them share.

#include <libcamera/libcamera.h>
#include <libcamera/version.h>

#define PORTCULLIS_LIBCAMERA_AT_LEAST(minor) \
    (LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= (minor))

namespace portcullis::libcamera_driver {

/// Since 0.5 exposure and gain have a mode each beside AeEnable; before, AeEnable is all there is.
inline void hold_exposure_and_gain(libcamera::ControlList& list, const libcamera::ControlInfoMap& offered) {
#if PORTCULLIS_LIBCAMERA_AT_LEAST(5)
    if (offered.find(libcamera::controls::EXPOSURE_TIME_MODE) != offered.end())
        list.set(libcamera::controls::ExposureTimeMode, libcamera::controls::ExposureTimeModeManual);
    if (offered.find(libcamera::controls::ANALOGUE_GAIN_MODE) != offered.end())
        list.set(libcamera::controls::AnalogueGainMode, libcamera::controls::AnalogueGainModeManual);
#else
    if (offered.find(libcamera::controls::AE_ENABLE) != offered.end())
        list.set(libcamera::controls::AeEnable, false);
#endif
}

/// A string property: std::string before 0.7, std::string_view since.
inline std::string model_of(const libcamera::Camera& camera) {
    const auto model = camera.properties().get(libcamera::properties::Model);
    return model ? std::string(*model) : std::string();
}

}  // namespace portcullis::libcamera_driver
