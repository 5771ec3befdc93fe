#pragma once
// Mailbox: what the broker's threads tell, until the uplink's thread takes it. Never blocks the broker.
// Thread-safe.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "ports/broker.hpp"

namespace portcullis {

struct StateEvent {
    bool connected = false;
    std::string reason;
};
struct AcceptedEvent {
    std::uint64_t token = 0;
    Result<void> outcome;
};
using UplinkEvent = std::variant<StateEvent, AcceptedEvent, BrokerMessage>;

/// Messages waiting at most; more are dropped and counted. A dropped receipt costs nothing: items that are
/// sent again bring another one.
inline constexpr std::size_t max_waiting_messages = 64;

class Mailbox {
  public:
    /// For Broker::start; the mailbox must outlive the started broker.
    [[nodiscard]] BrokerHandlers handlers();

    /// All that came since, in order.
    [[nodiscard]] std::vector<UplinkEvent> take();
    /// Until something is there, stop is asked for, or patience is over.
    void wait(const std::stop_token& stop, milliseconds patience);
    /// Until stop is asked for or patience is over, whatever comes.
    void pause(const std::stop_token& stop, milliseconds patience);
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    void put(UplinkEvent event);

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<UplinkEvent> events_;
    std::size_t messages_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace portcullis
