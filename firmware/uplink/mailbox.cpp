#include "uplink/mailbox.hpp"

#include <utility>

namespace portcullis {

BrokerHandlers Mailbox::handlers() {
    return {.message = [this](BrokerMessage message) { put(std::move(message)); },
            .accepted =
                [this](std::uint64_t token, Result<void> outcome) {
                    put(AcceptedEvent{token, std::move(outcome)});
                },
            .state =
                [this](bool connected, std::string reason) {
                    put(StateEvent{connected, std::move(reason)});
                }};
}

void Mailbox::put(UplinkEvent event) {
    {
        const std::lock_guard lock(mutex_);
        if (std::holds_alternative<BrokerMessage>(event)) {
            if (messages_ >= max_waiting_messages) {
                ++dropped_;
                return;
            }
            ++messages_;
        }
        // Only the last of several states in a row counts: they come for ever while the broker is away.
        const bool replaces = std::holds_alternative<StateEvent>(event) && !events_.empty() &&
                              std::holds_alternative<StateEvent>(events_.back());
        if (replaces)
            events_.back() = std::move(event);
        else
            events_.push_back(std::move(event));
    }
    changed_.notify_all();
}

std::vector<UplinkEvent> Mailbox::take() {
    const std::lock_guard lock(mutex_);
    messages_ = 0;
    return std::exchange(events_, {});
}

void Mailbox::wait(const std::stop_token& stop, milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, patience, [this] { return !events_.empty(); });
}

void Mailbox::pause(const std::stop_token& stop, milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, patience, [] { return false; });
}

std::uint64_t Mailbox::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

}  // namespace portcullis
