#pragma once
// Sections [trigger] and [illuminator] of the reader's settings: what stands beside the camera and how it is
// wired. board/host/config/reader.toml explains every key. Values.

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

/// A line of a GPIO chip.
struct WiringSettings {
    std::string chip;
    std::string line;
    bool active_low = false;
};

enum class LampMode { night, always, trigger };

struct TriggerSettings {
    std::optional<WiringSettings> wiring;  // empty: driver = "none"
    milliseconds hold{};
};

struct IlluminatorSettings {
    std::optional<WiringSettings> light;  // both empty: driver = "none"
    std::optional<WiringSettings> filter;
    LampMode mode = LampMode::night;
    double dark_grey = 0;
    double bright_grey = 0;
    milliseconds dwell{};
};

/// Complaints stay with the sections' reader.
[[nodiscard]] TriggerSettings read_trigger(SettingsSection section);
[[nodiscard]] IlluminatorSettings read_illuminator(SettingsSection section, bool has_trigger);

}  // namespace portcullis
