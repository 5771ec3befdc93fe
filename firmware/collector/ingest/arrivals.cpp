#include "collector/ingest/arrivals.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "collector/ingest/incoming.hpp"

namespace portcullis {

Arrivals::Arrivals(std::size_t capacity) : capacity_(capacity) {
    PORTCULLIS_ASSERT(capacity > 0);
}

void Arrivals::push(BrokerMessage message) {
    std::string device = device_of_topic(message.topic);
    {
        const std::lock_guard lock(mutex_);
        if (size_ == capacity_) drop_one();
        auto place = of_.find(device);
        if (place == of_.end()) {
            turns_.push_back({device, {}});
            place = of_.emplace(std::move(device), std::prev(turns_.end())).first;
        }
        place->second->messages.push_back(std::move(message));
        ++size_;
    }
    changed_.notify_all();
}

std::optional<BrokerMessage> Arrivals::take(std::chrono::nanoseconds patience, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, patience, [this] { return size_ > 0; });
    if (size_ == 0 || stop.stop_requested()) return std::nullopt;
    Waiting& waiting = turns_.front();
    std::optional<BrokerMessage> message(std::move(waiting.messages.front()));
    waiting.messages.pop_front();
    --size_;
    if (waiting.messages.empty()) {
        of_.erase(waiting.device);
        turns_.pop_front();
    } else {
        turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    return message;
}

std::uint64_t Arrivals::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

std::optional<DroppedOf> Arrivals::most_dropped() {
    const std::lock_guard lock(mutex_);
    const auto most =
        std::ranges::max_element(dropped_of_, {}, [](const auto& entry) { return entry.second; });
    if (most == dropped_of_.end()) return std::nullopt;
    DroppedOf dropped{most->first, most->second};
    dropped_of_.clear();
    return dropped;
}

void Arrivals::drop_one() {
    // As many devices as messages at most: a walk is less than what storing one message costs.
    const auto most =
        std::ranges::max_element(turns_, {}, [](const Waiting& waiting) { return waiting.messages.size(); });
    most->messages.pop_front();
    --size_;
    ++dropped_;
    ++dropped_of_[most->device];
    if (!most->messages.empty()) return;
    of_.erase(most->device);
    turns_.erase(most);
}

}  // namespace portcullis
