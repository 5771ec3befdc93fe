#pragma once
// DeliveryQueue: what one receiver is still to be told, in memory alone and bounded, and when it is told
// next. A state machine without clock, thread and network: time comes in with each call. Thread-bound.
//
// Order is kept: nothing is told before what stands ahead of it was taken, refused or given up. When it is
// full the oldest that is not just being told goes, and is counted.

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "forward/webhook.hpp"

namespace portcullis {

/// Which read, without its text: this may stand in a log.
struct DeliveryPlace {
    std::string device;
    ChainId chain;
    Seq seq = 0;
};
[[nodiscard]] std::string delivery_id(const DeliveryPlace& place);

struct Delivery {
    DeliveryPlace place;
    WebhookBody body;
    BootTime since{};  // when it was put in
};

/// What a receiver said.
struct HookAnswer {
    int status = 0;
    std::optional<std::chrono::seconds> retry_after;
};

struct DeliveryRules {
    std::size_t keep = 0;  // at least 2
    std::chrono::seconds retry_for{};
    std::chrono::seconds back_off_limit{};
};

inline constexpr milliseconds first_back_off{1000};
/// A receiver that asks for a longer pause gets this one.
inline constexpr std::chrono::hours max_retry_after{1};

enum class Settlement {
    delivered,  // 2xx
    refused,    // 4xx: it will never take it
    later,      // anything else, or no answer: it is tried again
    given_up    // the same, for longer than retry_for
};

struct DeliveryCounters {
    std::uint64_t delivered = 0;
    std::uint64_t refused = 0;
    std::uint64_t retried = 0;
    std::uint64_t lost = 0;  // it was full, or it was given up
    bool operator==(const DeliveryCounters&) const = default;
};

class DeliveryQueue {
  public:
    /// chance: in [0,1), spreads the pauses: many forwarders do not come back to a receiver at one moment.
    DeliveryQueue(DeliveryRules rules, std::function<double()> chance);

    /// Gives the place of the one that had to go for it, if it was full.
    [[nodiscard]] std::optional<DeliveryPlace> push(Delivery delivery);
    /// When the next one is to be told; nothing while there is none, or while it is being told.
    [[nodiscard]] std::optional<BootTime> due() const;
    /// The next one is being told from here on, until settle; so long it stays where it is. There must be
    /// one, and none being told.
    [[nodiscard]] const Delivery& begin();
    /// answer: nothing when none came. What is not tried again is forgotten.
    Settlement settle(const std::optional<HookAnswer>& answer, BootTime now);

    [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
    [[nodiscard]] const DeliveryCounters& counters() const { return counters_; }

  private:
    [[nodiscard]] microseconds pause(const std::optional<HookAnswer>& answer);

    DeliveryRules rules_;
    std::function<double()> chance_;
    std::list<Delivery> queue_;  // what is being told stays where it is, whatever comes and goes behind it
    bool telling_ = false;       // the first one is being told
    unsigned failures_ = 0;      // in a row
    BootTime not_before_{};
    DeliveryCounters counters_;
};

}  // namespace portcullis
