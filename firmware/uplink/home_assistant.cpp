#include "uplink/home_assistant.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

namespace portcullis {

namespace {

struct Sensor {
    std::string_view id;
    std::string_view name;
    std::string_view value;       // of the status: after "value_json."
    std::string_view unit;        // empty: none
    std::string_view kind;        // device_class; empty: none
    std::string_view state_kind;  // state_class; empty: none
};

struct Alarm {
    std::string_view id;
    std::string_view name;
    std::string_view value;  // 1 is on
};

constexpr std::array sensors = {
    Sensor{"uptime", "Uptime of the reader", "reader.up", "s", "duration", "total_increasing"},
    Sensor{"fps", "Frames a second", "reader.fps", "", "", "measurement"},
    Sensor{"dropped", "Frames dropped", "reader.dropped", "", "", "total_increasing"},
    Sensor{"passages", "Passages, in tens", "reader.passages", "", "", "total_increasing"},
    Sensor{"records", "Records, in tens", "reader.records", "", "", "total_increasing"},
    Sensor{"lost", "Records lost", "reader.lost", "", "", "total_increasing"},
    Sensor{"temperature", "Temperature", "reader.celsius", "°C", "temperature", "measurement"},
    Sensor{"memory_stall", "Waiting for memory", "reader.memory_stall", "%", "", "measurement"},
    Sensor{"clock", "Clock quality", "reader.clk", "", "", ""},
    Sensor{"clock_offset", "Clock offset", "reader.off", "ms", "", "measurement"},
    Sensor{"rate_step", "Rate step", "reader.rate_step", "", "", "measurement"},
    Sensor{"rate_reason", "Rate lowered for", "reader.rate_reason", "", "", ""},
    Sensor{"version", "Version", "reader.fw", "", "", ""},
    Sensor{"spool_items", "Items in the spool", "spool.items", "", "", "measurement"},
    Sensor{"spool_bytes", "Bytes in the spool", "spool.bytes", "B", "data_size", "measurement"},
    Sensor{"oldest_age", "Oldest item without a receipt", "spool.oldest_age_s", "s", "duration",
           "measurement"},
};
constexpr std::array alarms = {
    Alarm{"camera", "Camera", "reader.camera_lost"},
    Alarm{"spool", "Spool", "reader.spool_trouble"},
    Alarm{"trigger", "Trigger", "reader.trigger_trouble"},
    Alarm{"light", "Lamp", "reader.light_trouble"},
};

// Texts above and device names hold nothing that JSON or a template would have to escape.
std::string optional_key(std::string_view key, std::string_view value) {
    return value.empty() ? std::string() : fmt::format(R"(,"{}":"{}")", key, value);
}

/// Nothing of a reader that is silent: then "reader" is not in the status.
std::string value_template(std::string_view value) {
    return fmt::format("{{{{ value_json.{} | default(none) }}}}", value);
}

std::string component(const std::string& device, const Sensor& sensor) {
    return fmt::format(
        R"("{}":{{"platform":"sensor","unique_id":"portcullis_{}_{}","name":"{}","value_template":"{}")"
        R"(,"entity_category":"diagnostic"{}{}{}}})",
        sensor.id, device, sensor.id, sensor.name, value_template(sensor.value),
        optional_key("unit_of_measurement", sensor.unit), optional_key("device_class", sensor.kind),
        optional_key("state_class", sensor.state_kind));
}

std::string component(const std::string& device, const Alarm& alarm) {
    return fmt::format(
        R"("{}":{{"platform":"binary_sensor","unique_id":"portcullis_{}_{}","name":"{}","value_template":"{}")"
        R"(,"entity_category":"diagnostic","device_class":"problem","payload_on":"1","payload_off":"0"}})",
        alarm.id, device, alarm.id, alarm.name, value_template(alarm.value));
}

}  // namespace

BrokerMessage discovery_message(const std::string& prefix, const std::string& device,
                                const std::string& version) {
    std::vector<std::string> components;
    components.reserve(sensors.size() + alarms.size());
    for (const Sensor& sensor : sensors)
        components.push_back(component(device, sensor));
    for (const Alarm& alarm : alarms)
        components.push_back(component(device, alarm));
    const std::string topic = fmt::format("lpr/v1/dev/{}/status", device);
    const std::string json = fmt::format(
        R"({{"device":{{"identifiers":["portcullis_{0}"],"name":"Portcullis {0}","manufacturer":"Portcullis",)"
        R"("model":"licence-plate reader","sw_version":"{1}"}},"origin":{{"name":"portcullis-uplink","sw_version":"{1}"}},)"
        R"("state_topic":"{2}","qos":1,"availability":[{{"topic":"{2}","value_template":"{{{{ 'online' if value_json.state == )"
        R"('up' else 'offline' }}}}","payload_available":"online","payload_not_available":"offline"}}],)"
        R"("components":{{{3}}}}})",
        device, version, topic, fmt::join(components, ","));
    return {.topic = fmt::format("{}/device/portcullis-{}/config", prefix, device),
            .payload = to_bytes(json),
            .content_type = "application/json",
            .retained = true};
}

}  // namespace portcullis
