#include "forward/hook_courier.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/wipe.hpp"
#include "collector/link/wipe.hpp"
#include "forward/signature.hpp"

namespace portcullis {

namespace {

/// So long it sleeps at most: a clock that stood still is looked at again.
constexpr milliseconds longest_sleep{60'000};

std::string words_of(const Result<HookAnswer>& answer) {
    return answer ? fmt::format("status {}", answer->status) : answer.error().message();
}

}  // namespace

HookCourier::HookCourier(HookSettings hook, HookKeys keys, SendPost send, const Clock& clock,
                         std::function<double()> chance)
    : hook_(std::move(hook)),
      send_(std::move(send)),
      clock_(clock),
      keys_(std::move(keys)),
      queue_({hook_.keep, hook_.retry_for, hook_.back_off_limit}, std::move(chance)),
      thread_(start_thread("hook", [this](const std::stop_token& stop) { run(stop); })) {}

HookCourier::~HookCourier() {
    thread_.request_stop();
    thread_.join();
    if (const std::size_t waiting = queue_.waiting(); waiting > 0)
        log_warning("forward", "not told any more hook={} waiting={}; the collector has them", hook_.name,
                    waiting);
}

void HookCourier::push(const View& view) {
    Delivery delivery{{view.device, view.chain, view.seq}, webhook_body(hook_, view), clock_.since_boot()};
    std::optional<DeliveryPlace> gone;
    {
        const std::scoped_lock lock(mutex_);
        gone = queue_.push(std::move(delivery));
    }
    changed_.notify_all();
    if (gone) log_lost(*gone, "too many wait");
}

void HookCourier::use(HookKeys keys) {
    const std::scoped_lock lock(mutex_);
    keys_ = std::move(keys);
}

CourierReport HookCourier::report() const {
    const std::scoped_lock lock(mutex_);
    return {queue_.counters(), queue_.waiting()};
}

void HookCourier::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::optional<BootTime> due = queue_.due();
        const BootTime now = clock_.since_boot();
        if (due && *due <= now) {
            tell_next(lock, stop);
            continue;
        }
        const auto sleep = due ? std::min<microseconds>(*due - now, longest_sleep) : longest_sleep;
        // What is pushed while it waits for its receiver changes nothing of when.
        changed_.wait_for(lock, stop, sleep, [&] { return queue_.due() != due; });
    }
}

void HookCourier::tell_next(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    const Delivery& delivery = queue_.begin();
    const DeliveryPlace place = delivery.place;
    const HookKeys keys = keys_;
    lock.unlock();
    const Result<HookAnswer> answer = tell(delivery, keys, stop);
    wipe_unused_stack();
    lock.lock();
    const Settlement settlement =
        queue_.settle(answer ? std::optional(*answer) : std::nullopt, clock_.since_boot());
    if (!stop.stop_requested()) log_settlement(settlement, place, answer);
}

Result<HookAnswer> HookCourier::tell(const Delivery& delivery, const HookKeys& keys,
                                     const std::stop_token& stop) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.utc()).time_since_epoch().count();
    HookPost post{delivery_id(delivery.place), {}, delivery.body.content_type, delivery.body.text};
    post.signature = TRY(webhook_signature(keys.secrets, now, post.body));
    return send_(post, keys, stop);
}

void HookCourier::log_settlement(Settlement settlement, const DeliveryPlace& place,
                                 const Result<HookAnswer>& answer) {
    if (settlement == Settlement::refused)
        return log_warning("forward", "refused by the receiver hook={} device={} chain={} seq={} status={}",
                           hook_.name, place.device, to_string(place.chain), place.seq, answer->status);
    // A receiver that stays away is told of once, and again when it is for another reason.
    std::optional<int> away;
    if (settlement != Settlement::delivered)
        away = answer ? answer->status : -1 - static_cast<int>(answer.error().code());
    if (away != away_ && away)
        log_warning("forward", "the receiver takes nothing, and is asked again hook={} why=\"{}\"",
                    hook_.name, words_of(answer));
    if (away_ && !away) log_info("forward", "the receiver takes again hook={}", hook_.name);
    away_ = away;
    if (settlement == Settlement::given_up) log_lost(place, "the receiver took it in all this time not");
}

void HookCourier::log_lost(const DeliveryPlace& place, std::string_view why) const {
    log_warning("forward",
                "lost to this receiver hook={} device={} chain={} seq={} why=\"{}\"; the collector has it",
                hook_.name, place.device, to_string(place.chain), place.seq, why);
}

}  // namespace portcullis
