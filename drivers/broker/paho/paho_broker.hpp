#pragma once
// PahoBroker: the Broker port over Eclipse Paho MQTT C++ 1.2, MQTT 5, TLS 1.3 with a client certificate.
// Thread-safe. Handlers: `state` comes from the thread "mqtt" of this class, `message` and `accepted` from
// Paho's own threads.
//
// Of Paho we use one connection at a time and nothing it would remember: no persistence (the spool is the
// outbox), no automatic reconnect (it stops after some attempts and loses messages, see platform notes), no
// consumer queue. Each attempt is a new client object, so certificates renewed in place are taken up; what
// was in flight when a connection ends is told as accepted(closed) and is the caller's to publish again.
// start() changes the process's TLS minimum to 1.3 (Paho cannot ask for it).

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ports/broker.hpp"

namespace portcullis {

struct PahoSettings {
    std::string uri;                    // mqtts://host:port; the broker's certificate must name this host
    std::filesystem::path ca;           // PEM: who signs brokers
    std::filesystem::path certificate;  // PEM: ours, then its chain; its common name is our client id
    std::filesystem::path key;          // PEM, or what an OpenSSL provider reads as such
    std::chrono::seconds session_expiry = std::chrono::hours(24);  // how long the broker queues for us
    std::chrono::seconds keep_alive{30};
    std::chrono::seconds connect_timeout{10};
    // Without a PUBACK for so long while publishes wait for one, the connection is ended and made anew: a
    // broker that answers pings and nothing else would hold our window for ever. The largest item must pass
    // the slowest link within it.
    milliseconds answer_timeout{300'000};
    std::uint16_t receive_maximum = 16;            // messages that the broker may send before we acknowledge
    std::uint16_t max_in_flight = 16;              // publishes without PUBACK; more are refused (exhausted)
    std::uint32_t max_incoming_bytes = 64 * 1024;  // larger packets the broker must not send
    milliseconds back_off_first{500};              // doubles with each failure ...
    milliseconds back_off_limit{60'000};           // ... up to this; the wait is 50 to 100 % of it
    std::optional<BrokerMessage> will{};           // published by the broker when we vanish
};

class PahoBroker final : public Broker {
  public:
    /// Errors: configuration (URI; certificate, key or CA missing, unreadable or not a pair: names
    /// the file and the cure).
    [[nodiscard]] static Result<std::unique_ptr<PahoBroker>> create(PahoSettings settings);
    ~PahoBroker() override;

    /// What is wrong at `now` with the dates of our certificate and the broker's CA, one line each. The
    /// connection is tried all the same; the reason why it failed tells them too.
    [[nodiscard]] std::vector<std::string> date_doubts(UtcTime now) const;
    /// The common name of our certificate.
    [[nodiscard]] const std::string& client_id() const;

    [[nodiscard]] Result<void> start(BrokerHandlers handlers) override;
    [[nodiscard]] Result<void> publish(std::uint64_t token, BrokerMessage message) override;
    [[nodiscard]] Result<void> subscribe(std::string filter) override;
    void stop() override;

  private:
    struct State;
    explicit PahoBroker(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
