#pragma once
// A broker that does what the test says: nothing is accepted, denied or delivered by itself. Thread-bound.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/broker.hpp"

namespace portcullis::test {

class FakeBroker final : public Broker {
  public:
    struct Published {
        std::uint64_t token = 0;
        BrokerMessage message;
    };

    Result<void> start(BrokerHandlers handlers) override {
        handlers_ = std::move(handlers);
        return {};
    }
    Result<void> publish(std::uint64_t token, BrokerMessage message) override {
        if (!connected_) return fail(ErrorCode::closed, "not connected");
        if (full) return fail(ErrorCode::exhausted, "full");
        published.push_back({token, std::move(message)});
        waiting_.insert(token);
        return {};
    }
    Result<void> subscribe(std::string filter) override {
        filters.insert(std::move(filter));
        return {};
    }
    void stop() override { connected_ = false; }

    void connect() {
        connected_ = true;
        handlers_.state(true, "fake");
    }
    /// As a lost connection: what was in flight is told first.
    void disconnect() {
        connected_ = false;
        for (const std::uint64_t token : std::exchange(waiting_, {}))
            handlers_.accepted(token, fail(ErrorCode::closed, "lost"));
        handlers_.state(false, "lost");
    }
    void accept(std::uint64_t token) { answer(token, {}); }
    void deny(std::uint64_t token) { answer(token, fail(ErrorCode::denied, "not authorized")); }
    void answer(std::uint64_t token, Result<void> outcome) {
        REQUIRE(waiting_.erase(token) == 1);
        handlers_.accepted(token, std::move(outcome));
    }
    void accept_all() {
        for (const std::uint64_t token : std::exchange(waiting_, {}))
            handlers_.accepted(token, {});
    }
    void deliver(BrokerMessage message) { handlers_.message(std::move(message)); }

    /// What was published since the last call, save the status.
    std::vector<Published> take_items() {
        std::vector<Published> items;
        for (Published& one : std::exchange(published, {}))
            (one.message.topic.ends_with("/status") ? statuses : items).push_back(std::move(one));
        return items;
    }

    bool full = false;
    std::vector<Published> published;
    std::vector<Published> statuses;  // filled by take_items
    std::set<std::string> filters;

  private:
    BrokerHandlers handlers_;
    bool connected_ = false;
    std::set<std::uint64_t> waiting_;
};

inline std::string property_of(const BrokerMessage& message, const std::string& name) {
    for (const auto& [key, value] : message.properties)
        if (key == name) return value;
    return {};
}

}  // namespace portcullis::test
