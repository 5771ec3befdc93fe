#include "core/clock_watch.hpp"

#include <algorithm>

namespace portcullis {

namespace {

milliseconds rounded_up(microseconds time) {
    return std::chrono::ceil<milliseconds>(time);
}

std::chrono::seconds whole_seconds(microseconds time) {
    return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

const ClockState& ClockWatch::look() {
    const BootTime now = clock_->since_boot();
    if (looked_ && now - *looked_ < clock_look_interval) return state_;
    const UtcTime utc = clock_->utc();
    judge(now, utc, stepped(now, utc));
    looked_ = now;
    utc_ = utc;
    return state_;
}

bool ClockWatch::stepped(BootTime now, UtcTime utc) {
    if (!looked_) return false;
    const microseconds went_by = now - *looked_;
    const microseconds gained = (utc - utc_) - went_by;
    if (std::chrono::abs(gained) <= std::max<microseconds>(least_clock_step, went_by / 10)) return false;
    ++steps_;
    last_step_ = gained;
    return true;
}

/// A clock that somebody set while it had no time source is no longer the one that was in step.
void ClockWatch::judge(BootTime now, UtcTime utc, bool stepped) {
    const KernelClock kernel = kernel_();
    state_ = {};
    if (kernel.in_step && kernel.max_error <= max_error_in_step) {
        in_step_at_ = now;
        error_then_ = kernel.max_error;
        state_ = {ClockQuality::ntp, {}, rounded_up(kernel.max_error)};
    } else if (stepped) {
        in_step_at_.reset();
        state_.quality = utc < first_capture ? ClockQuality::none : ClockQuality::rtc;
    } else if (in_step_at_ || kernel.in_step) {
        hold(now, kernel);
    } else {
        state_.quality = utc < first_capture ? ClockQuality::none : ClockQuality::rtc;
    }
    if (!claim_) return;
    state_.quality = *claim_;
    state_.holdover = {};
}

/// Of a clock that was in step before this process began the kernel's estimate tells how long ago.
void ClockWatch::hold(BootTime now, const KernelClock& kernel) {
    const microseconds age =
        in_step_at_ ? now - *in_step_at_ : microseconds(kernel.max_error / error_growth * 1'000'000);
    const microseconds error =
        in_step_at_ ? error_then_ + age.count() / 1'000'000 * error_growth : kernel.max_error;
    state_ = {ClockQuality::holdover, whole_seconds(age), rounded_up(error)};
}

}  // namespace portcullis
