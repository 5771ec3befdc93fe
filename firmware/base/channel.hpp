#pragma once
// Channel<T>: the only queue between threads. Bounded, closable, drops are counted. Thread-safe: any number
// of senders and receivers. `stop` (std::stop_token) wakes a waiting side.

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/assert.hpp"

namespace portcullis {

enum class Overflow { block, drop_oldest };

template <class T>
class Channel {
  public:
    Channel(std::size_t capacity, Overflow overflow) : capacity_(capacity), overflow_(overflow) {
        PORTCULLIS_ASSERT(capacity > 0);
    }

    /// Adds value; at capacity waits (block) or drops the oldest one and counts it (drop_oldest).
    /// False when the channel is closed or stop was asked for: the value was not taken.
    [[nodiscard]] bool send(T value, const std::stop_token& stop = {}) {
        std::unique_lock lock(mutex_);
        if (overflow_ == Overflow::block)
            changed_.wait(lock, stop, [this] { return closed_ || queue_.size() < capacity_; });
        if (closed_ || (overflow_ == Overflow::block && queue_.size() >= capacity_)) return false;
        if (queue_.size() >= capacity_) {
            queue_.pop_front();
            ++dropped_;
        }
        queue_.push_back(std::move(value));
        lock.unlock();
        changed_.notify_all();
        return true;
    }

    /// The oldest value; waits for one. Empty when closed and drained, or when stop was asked for.
    [[nodiscard]] std::optional<T> receive(const std::stop_token& stop = {}) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [this] { return closed_ || !queue_.empty(); });
        return take_oldest(lock, stop);
    }

    /// As receive, but gives up after `patience` (empty; ask closed() to tell the two apart).
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> receive_for(std::chrono::duration<Rep, Period> patience,
                                               const std::stop_token& stop = {}) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, patience, [this] { return closed_ || !queue_.empty(); });
        return take_oldest(lock, stop);
    }

    /// No more values are taken; what is queued can still be received.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        changed_.notify_all();
    }

    [[nodiscard]] bool closed() const {
        const std::lock_guard lock(mutex_);
        return closed_;
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return queue_.size();
    }
    [[nodiscard]] std::uint64_t dropped() const {
        const std::lock_guard lock(mutex_);
        return dropped_;
    }

  private:
    [[nodiscard]] std::optional<T> take_oldest(std::unique_lock<std::mutex>& lock,
                                               const std::stop_token& stop) {
        if (queue_.empty() || stop.stop_requested()) return std::nullopt;
        std::optional<T> value(std::move(queue_.front()));
        queue_.pop_front();
        lock.unlock();
        changed_.notify_all();
        return value;
    }

    const std::size_t capacity_;
    const Overflow overflow_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<T> queue_;  // each value in a block of its own, which its freeing wipes
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
};

}  // namespace portcullis
