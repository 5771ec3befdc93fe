#include "config/supervision_settings.hpp"

namespace portcullis {

SupervisionSettings read_supervision(SettingsSection section) {
    SupervisionSettings supervision;
    supervision.hang_after = std::chrono::seconds(section.integer("hang_s", {5, 600}, 30));
    supervision.hot_celsius = section.number("hot_c", {30, 150}, 85.0);
    supervision.cool_celsius = section.number("cool_c", {20, 149}, 78.0);
    section.check(supervision.cool_celsius < supervision.hot_celsius, "cool_c", "must be below hot_c");
    supervision.thermal = section.path("thermal", "/sys/class/thermal");
    supervision.stalled_percent = section.number("memory_stall_percent", {1, 100}, 20.0);
    supervision.flowing_percent = section.number("memory_calm_percent", {0, 99}, 5.0);
    section.check(supervision.flowing_percent < supervision.stalled_percent, "memory_calm_percent",
                  "must be below memory_stall_percent");
    supervision.memory_pressure = section.path("memory_pressure", "");
    supervision.down_after = std::chrono::seconds(section.integer("down_after_s", {1, 3600}, 10));
    supervision.up_after = std::chrono::seconds(section.integer("up_after_s", {1, 86'400}, 60));
    return supervision;
}

}  // namespace portcullis
