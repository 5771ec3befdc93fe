#include "health/rate_governor.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace {

bool at_least(const std::optional<double>& value, double limit) {
    return value && *value >= limit;
}

std::string described(const Strain& strain) {
    std::string text;
    if (strain.celsius) text += fmt::format(" celsius={:.1f} zone={}", *strain.celsius, strain.zone);
    if (strain.memory_stall_percent)
        text += fmt::format(" memory_stall_percent={:.1f}", *strain.memory_stall_percent);
    if (strain.memory_share_percent)
        text += fmt::format(" memory_share_percent={:.0f}", *strain.memory_share_percent);
    return text;
}

const char* cure_of(RateReason reason) {
    return reason == RateReason::heat ? "look at fan, sun shield and vents"
                                      : "look at what else runs here, and at MemoryHigh= of the unit";
}

}  // namespace

RateReason RateGovernor::strained(const Strain& strain) const {
    if (at_least(strain.celsius, settings_.hot_celsius)) return RateReason::heat;
    const bool memory = at_least(strain.memory_stall_percent, settings_.stalled_percent) ||
                        at_least(strain.memory_share_percent, settings_.full_percent);
    return memory ? RateReason::memory : RateReason::none;
}

/// Between the two limits nothing changes.
bool RateGovernor::relaxed(const Strain& strain) const {
    return !at_least(strain.celsius, settings_.cool_celsius) &&
           !at_least(strain.memory_stall_percent, settings_.flowing_percent) &&
           !at_least(strain.memory_share_percent, settings_.roomy_percent);
}

void RateGovernor::look(const Strain& strain, BootTime now) {
    const RateReason reason = strained(strain);
    if (reason == RateReason::none) strained_since_.reset();
    if (!relaxed(strain)) relaxed_since_.reset();
    if (reason != RateReason::none) {
        if (!strained_since_) strained_since_ = now;
        if (now - *strained_since_ < settings_.down_after || step() >= settings_.lowest) return;
        reason_ = reason;
        strained_since_ = now;
        change(step() + 1, strain);
    } else if (step() > 0 && relaxed(strain)) {
        if (!relaxed_since_) relaxed_since_ = now;
        if (now - *relaxed_since_ < settings_.up_after) return;
        relaxed_since_ = now;
        change(step() - 1, strain);
    }
}

void RateGovernor::change(int step, const Strain& strain) {
    const bool down = step > this->step();
    step_.store(step, std::memory_order_relaxed);
    if (down)
        log_warning("health", "degraded: rate step {} of {} for {}:{}; {}", step, settings_.lowest,
                    to_string(reason_), described(strain), cure_of(reason_));
    else
        log_info("health", "rate step {} of {}:{}", step, settings_.lowest, described(strain));
}

std::string RateGovernor::trouble() const {
    return step() == 0 ? std::string() : fmt::format(" degraded={} step={}", to_string(reason_), step());
}

}  // namespace portcullis
