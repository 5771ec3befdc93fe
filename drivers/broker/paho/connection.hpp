#pragma once
// Connection: one attempt to reach the broker and, if it succeeds, the connection until it ends. Wraps one
// Paho client; every exception of Paho stops here. Thread-safe. Our mutex is never held while Paho is called:
// Paho calls back under a lock of its own.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "drivers/broker/paho/paho_broker.hpp"

namespace mqtt {
class message;
}

namespace portcullis {

class Connection {
  public:
    /// handlers must outlive the connection; its `state` is not used here.
    [[nodiscard]] static Result<std::shared_ptr<Connection>> begin(const PahoSettings& settings,
                                                                   const std::string& paho_uri,
                                                                   const std::string& client_id,
                                                                   const BrokerHandlers& handlers);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    /// Blocks until Paho is done with the client. Never from one of Paho's threads.
    ~Connection();

    /// Waits until the attempt is decided. Errors: why it failed; closed when stop was asked for.
    [[nodiscard]] Result<void> wait_connected(const std::stop_token& stop);
    /// Waits until the connection ends, the broker leaves publishes unanswered for the answer_timeout, or
    /// stop is asked for; gives the reason.
    [[nodiscard]] std::string wait_ended(const std::stop_token& stop);

    [[nodiscard]] Result<void> publish(std::uint64_t token, const BrokerMessage& message);
    [[nodiscard]] Result<void> subscribe(const std::string& filter);
    /// A DISCONNECT, so that the broker does not publish our will.
    void disconnect();
    /// Tells accepted(closed) for all that is still in flight.
    void abandon();

  private:
    class Listeners;
    struct Client;
    enum class Phase { connecting, connected, ended };

    Connection(const PahoSettings& settings, const BrokerHandlers& handlers);
    [[nodiscard]] Result<void> arrived(const mqtt::message& message);
    void connected();
    void ended(std::string reason);
    void accepted(std::uint64_t token, Result<void> outcome);

    const BrokerHandlers& handlers_;
    const std::size_t max_in_flight_;
    const std::size_t max_incoming_bytes_;
    const std::chrono::seconds connect_timeout_;
    const milliseconds answer_timeout_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Phase phase_ = Phase::connecting;
    std::string reason_;
    // token -> token. The nodes are Paho's user contexts: abandoned ones must live until the client is
    // destroyed, for its destruction tells their tokens once more.
    std::map<std::uint64_t, std::uint64_t> in_flight_;
    std::map<std::uint64_t, std::uint64_t> abandoned_;
    std::chrono::steady_clock::time_point answered_;  // the last PUBACK, or when none was due yet
    std::unique_ptr<Client> client_;                  // last: destroyed first, its callbacks use the rest
};

}  // namespace portcullis
