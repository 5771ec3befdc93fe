#pragma once
// HookCourier: tells one receiver, in a thread of its own, so that one that is away holds nobody else up.
// Texts are in memory alone, and wiped. push, use and tell are thread-safe.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/thread.hpp"
#include "forward/delivery_queue.hpp"
#include "forward/hook_keys.hpp"
#include "forward/https_post.hpp"

namespace portcullis {

/// The way to the receiver; called in the courier's thread alone. Errors: no answer came.
using SendPost = std::function<Result<HookAnswer>(const HookPost&, const HookKeys&, const std::stop_token&)>;

struct CourierReport {
    DeliveryCounters counters;
    std::size_t waiting = 0;
    bool operator==(const CourierReport&) const = default;
};

class HookCourier {
  public:
    /// clock outlives it; chance: see DeliveryQueue.
    HookCourier(HookSettings hook, HookKeys keys, SendPost send, const Clock& clock,
                std::function<double()> chance);
    HookCourier(const HookCourier&) = delete;
    HookCourier& operator=(const HookCourier&) = delete;
    /// What waits is lost, counted and told; nothing is waited for but the word that is being spoken.
    ~HookCourier();

    /// Of a read that is_told.
    void push(const View& view);
    /// From the next word on.
    void use(HookKeys keys);
    [[nodiscard]] CourierReport report() const;
    [[nodiscard]] const HookSettings& hook() const { return hook_; }

  private:
    void run(const std::stop_token& stop);
    void tell_next(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
    [[nodiscard]] Result<HookAnswer> tell(const Delivery& delivery, const HookKeys& keys,
                                          const std::stop_token& stop);
    void log_settlement(Settlement settlement, const DeliveryPlace& place, const Result<HookAnswer>& answer);
    void log_lost(const DeliveryPlace& place, std::string_view why) const;

    const HookSettings hook_;
    const SendPost send_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    HookKeys keys_;
    DeliveryQueue queue_;
    /// Why the receiver took nothing the last time: the status, or less than 0 the kind of error.
    std::optional<int> away_;
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace portcullis
