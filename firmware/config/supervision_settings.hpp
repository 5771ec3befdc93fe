#pragma once
// Section [supervision] of the reader's settings: when a stage hangs, and what heat and want of memory do to
// the rate. board/host/config/reader.toml explains every key. Values.

#include <filesystem>

#include "base/clock.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

struct SupervisionSettings {
    milliseconds hang_after{};
    double hot_celsius = 0;
    double cool_celsius = 0;
    std::filesystem::path thermal;
    double stalled_percent = 0;
    double flowing_percent = 0;
    std::filesystem::path memory_pressure;  // empty: where this machine has it
    milliseconds down_after{};
    milliseconds up_after{};
};

/// Complaints stay with the section's reader.
[[nodiscard]] SupervisionSettings read_supervision(SettingsSection section);

}  // namespace portcullis
