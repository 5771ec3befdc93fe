#include "config/roadside_settings.hpp"

namespace portcullis {

namespace {

bool by_gpio(SettingsSection& section) {
    return section.choice<bool>("driver", {{"none", false}, {"gpio", true}}, false);
}

}  // namespace

TriggerSettings read_trigger(SettingsSection section) {
    TriggerSettings trigger;
    const bool gpio = by_gpio(section);
    const WiringSettings wiring{section.text("chip", std::string("gpiochip0")),
                                section.text("line", std::string()), section.flag("active_low", false)};
    section.check(!gpio || !wiring.line.empty(), "line", "name the line that the contact is wired to");
    if (gpio) trigger.wiring = wiring;
    trigger.hold = milliseconds(section.integer("hold_ms", {100, 600'000}, 2000));
    return trigger;
}

IlluminatorSettings read_illuminator(SettingsSection section, bool has_trigger) {
    IlluminatorSettings illuminator;
    const bool gpio = by_gpio(section);
    const std::string chip = section.text("chip", std::string("gpiochip0"));
    const auto wiring = [&](std::string_view line,
                            std::string_view active_low) -> std::optional<WiringSettings> {
        WiringSettings one{chip, section.text(line, std::string()), section.flag(active_low, false)};
        if (!gpio || one.line.empty()) return std::nullopt;
        return one;
    };
    illuminator.light = wiring("light_line", "light_active_low");
    illuminator.filter = wiring("filter_line", "filter_active_low");
    section.check(!gpio || illuminator.light || illuminator.filter, "light_line",
                  "name the line of the lamp, or filter_line, or both");
    illuminator.mode = section.choice<LampMode>(
        "light", {{"night", LampMode::night}, {"always", LampMode::always}, {"trigger", LampMode::trigger}},
        LampMode::night);
    section.check(illuminator.mode != LampMode::trigger || has_trigger, "light",
                  "\"trigger\" needs trigger.driver = \"gpio\"");
    illuminator.dark_grey = section.number("dark_grey", {0, 255}, 40.0);
    illuminator.bright_grey = section.number("bright_grey", {0, 255}, 110.0);
    section.check(illuminator.dark_grey < illuminator.bright_grey, "dark_grey", "must be below bright_grey");
    illuminator.dwell = std::chrono::seconds(section.integer("dwell_s", {1, 3600}, 20));
    return illuminator;
}

}  // namespace portcullis
