#pragma once
// Port: any MQTT 5 broker. Drivers: drivers/broker/*. "Accepted" is the broker's PUBACK and nothing more:
// only a collector's signed receipt means received.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis {

struct BrokerMessage {
    std::string topic;
    Bytes payload{};
    std::string content_type{};  // e.g. "application/cms" (RFC 7193)
    std::vector<std::pair<std::string, std::string>>
        properties{};  // user properties: hints, nothing readable
    bool retained = false;
};

/// Called from the library's thread: must not block, must not call the Broker.
struct BrokerHandlers {
    std::function<void(BrokerMessage)> message;
    std::function<void(std::uint64_t token, Result<void>)>
        accepted;  // errors: denied (the broker's rules say no), refused (it says no otherwise), closed
                   // (the connection ended before it answered: publish again)
    std::function<void(bool connected, std::string reason)> state;
};

class Broker {
  public:
    virtual ~Broker() = default;

    /// Begins to connect and returns; goes on for ever with jittered back-off. Errors: configuration
    /// (unusable URI, unreadable certificate: names the file and the cure).
    [[nodiscard]] virtual Result<void> start(BrokerHandlers handlers) = 0;
    /// QoS 1. Never blocks. Errors: closed (not connected just now), exhausted (the library's window is
    /// full).
    [[nodiscard]] virtual Result<void> publish(std::uint64_t token, BrokerMessage message) = 0;
    /// QoS 1; made again after each reconnect.
    [[nodiscard]] virtual Result<void> subscribe(std::string filter) = 0;
    /// Disconnects and waits for the library's threads; no handler is called after it returned.
    virtual void stop() = 0;
};

}  // namespace portcullis
