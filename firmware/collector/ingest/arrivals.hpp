#pragma once
// Arrivals: messages between the broker's thread and the store, each device's in their order, the devices in
// turn. A device that floods crowds out itself alone: nothing of another is dropped for it, and another's
// next message waits for one of each device at most. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "ports/broker.hpp"

namespace portcullis {

/// One device's dropped messages since somebody last asked.
struct DroppedOf {
    std::string device;  // empty: topics that name no device
    std::uint64_t messages = 0;
};

class Arrivals {
  public:
    /// capacity: messages of all devices, more than 0.
    explicit Arrivals(std::size_t capacity);

    /// Never waits. When it is full, the oldest message of the device that has most waiting is dropped and
    /// counted: it has no receipt yet, so that its device sends it again.
    void push(BrokerMessage message);
    /// The oldest message of the device whose turn it is; waits so long for one. Empty: none came, or stop
    /// was asked for.
    [[nodiscard]] std::optional<BrokerMessage> take(std::chrono::nanoseconds patience,
                                                    const std::stop_token& stop = {});

    /// Since the start.
    [[nodiscard]] std::uint64_t dropped() const;
    /// Whose messages were dropped most since it was last asked. Empty: nobody's.
    [[nodiscard]] std::optional<DroppedOf> most_dropped();

  private:
    struct Waiting {
        std::string device;
        std::list<BrokerMessage> messages;  // never empty
    };
    using Turn = std::list<Waiting>::iterator;

    void drop_one();

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Waiting> turns_;  // whose turn it is stands first
    std::map<std::string, Turn, std::less<>> of_;
    std::size_t size_ = 0;
    std::uint64_t dropped_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> dropped_of_;
};

}  // namespace portcullis
