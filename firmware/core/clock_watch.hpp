#pragma once
// ClockWatch: what the device's UTC is worth, by the kernel's own state and by what was seen of it since this
// process began. It is told apart from the time since boot, which never jumps: whoever orders, waits or
// measures goes by that one; UTC only dates. Thread-bound: each thread that asks has its own.

#include <cstdint>
#include <functional>

#include "base/kernel_clock.hpp"
#include "core/frame.hpp"

namespace portcullis {

/// Nothing was captured before this program was written: such a clock was never set.
inline constexpr UtcTime first_capture{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
/// A time source that is there corrects the clock at least every 2048 s (the longest poll of
/// systemd-timesyncd; ntpd and chrony ask sooner), in which the kernel's estimate grows by 1.02 s.
inline constexpr microseconds max_error_in_step{2'000'000};
/// By so much the kernel lets its estimate grow, a second.
inline constexpr microseconds error_growth{500};
inline constexpr std::chrono::seconds clock_look_interval{1};
/// UTC that gained or lost more than this, and more than a tenth of the time that went by, was set: slewing
/// is slower.
inline constexpr milliseconds least_clock_step{500};

class ClockWatch {
  public:
    using ReadKernel = std::function<KernelClock()>;
    /// clock outlives it. claim: the settings' word, which stands in the place of the kernel's quality.
    ClockWatch(const Clock& clock, std::optional<ClockQuality> claim, ReadKernel kernel = read_kernel_clock)
        : clock_(&clock), claim_(claim), kernel_(std::move(kernel)) {}

    /// The state now; asks the kernel at most every clock_look_interval. No allocation.
    [[nodiscard]] const ClockState& look();
    /// How often UTC was seen to jump, and by how much the last time (positive: forward).
    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] microseconds last_step() const { return last_step_; }

  private:
    [[nodiscard]] bool stepped(BootTime now, UtcTime utc);
    void judge(BootTime now, UtcTime utc, bool stepped);
    void hold(BootTime now, const KernelClock& kernel);

    const Clock* clock_;
    std::optional<ClockQuality> claim_;
    ReadKernel kernel_;
    ClockState state_;
    std::optional<BootTime> looked_;
    UtcTime utc_{};
    std::optional<BootTime> in_step_at_;
    microseconds error_then_{0};
    std::uint64_t steps_ = 0;
    microseconds last_step_{0};
};

}  // namespace portcullis
