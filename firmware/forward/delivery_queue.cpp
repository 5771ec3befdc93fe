#include "forward/delivery_queue.hpp"

#include <algorithm>
#include <iterator>

#include "base/assert.hpp"

namespace portcullis {

namespace {

bool is_taken(const std::optional<HookAnswer>& answer) {
    return answer && answer->status >= 200 && answer->status < 300;
}

/// The receiver's last word: 4xx, save what asks for patience (timeout, too early, too many).
bool is_refused(const std::optional<HookAnswer>& answer) {
    return answer && answer->status >= 400 && answer->status < 500 && answer->status != 408 &&
           answer->status != 425 && answer->status != 429;
}

}  // namespace

std::string delivery_id(const DeliveryPlace& place) {
    return fmt::format("{}/{}/{}", place.device, to_string(place.chain), place.seq);
}

DeliveryQueue::DeliveryQueue(DeliveryRules rules, std::function<double()> chance)
    : rules_(rules), chance_(std::move(chance)) {
    PORTCULLIS_ASSERT(rules_.keep >= 2);
}

std::optional<DeliveryPlace> DeliveryQueue::push(Delivery delivery) {
    std::optional<DeliveryPlace> gone;
    if (queue_.size() >= rules_.keep) {
        const auto oldest = std::next(queue_.begin(), telling_ ? 1 : 0);
        gone = std::move(oldest->place);
        queue_.erase(oldest);
        ++counters_.lost;
    }
    queue_.push_back(std::move(delivery));
    return gone;
}

std::optional<BootTime> DeliveryQueue::due() const {
    if (queue_.empty() || telling_) return std::nullopt;
    return not_before_;
}

const Delivery& DeliveryQueue::begin() {
    PORTCULLIS_ASSERT(!queue_.empty() && !telling_);
    telling_ = true;
    return queue_.front();
}

Settlement DeliveryQueue::settle(const std::optional<HookAnswer>& answer, BootTime now) {
    PORTCULLIS_ASSERT(telling_);
    telling_ = false;
    if (is_taken(answer) || is_refused(answer)) {
        queue_.pop_front();
        failures_ = 0;
        not_before_ = BootTime{};
        ++(is_taken(answer) ? counters_.delivered : counters_.refused);
        return is_taken(answer) ? Settlement::delivered : Settlement::refused;
    }
    not_before_ = now + pause(answer);
    if (now - queue_.front().since < rules_.retry_for) {
        ++counters_.retried;
        return Settlement::later;
    }
    queue_.pop_front();
    ++counters_.lost;
    return Settlement::given_up;
}

/// Twice as long each time, up to the limit, less up to a half of it by chance; never shorter than was asked
/// for.
microseconds DeliveryQueue::pause(const std::optional<HookAnswer>& answer) {
    constexpr unsigned most_doublings = 20;
    const microseconds whole = std::min<microseconds>(
        rules_.back_off_limit, first_back_off * (std::int64_t{1} << std::min(failures_, most_doublings)));
    ++failures_;
    const microseconds spread(static_cast<std::int64_t>(static_cast<double>(whole.count()) / 2 * chance_()));
    const microseconds asked =
        answer ? answer->retry_after.value_or(std::chrono::seconds(0)) : microseconds(0);
    return std::max(whole - spread, std::min<microseconds>(asked, max_retry_after));
}

}  // namespace portcullis
