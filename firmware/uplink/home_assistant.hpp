#pragma once
// What Home Assistant is told of a device, so that it shows its status: one retained message on
// <prefix>/device/portcullis-<device>/config, as its MQTT integration reads it ("device discovery": device,
// origin, components; https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). It names
// keys of the status and holds no value. Pure functions, reentrant.

#include <string>

#include "ports/broker.hpp"

namespace portcullis {

/// prefix: "homeassistant", unless its administrator chose another one.
[[nodiscard]] BrokerMessage discovery_message(const std::string& prefix, const std::string& device,
                                              const std::string& version);

}  // namespace portcullis
