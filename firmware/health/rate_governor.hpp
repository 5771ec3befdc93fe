#pragma once
// RateGovernor: takes the road's rate down by steps while the machine is too hot or short of memory, and up
// again when it is not, with hysteresis, and says so. What a step means stands in pipeline/rate.hpp.
// Thread-bound: the supervising thread; step() may be read by others through the atomic that they are given.

#include <atomic>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/health_report.hpp"
#include "health/strain.hpp"

namespace portcullis {

struct RateSettings {
    double hot_celsius = 85;   // at or above: too hot ...
    double cool_celsius = 78;  // ... until below
    double stalled_percent = 20;
    double flowing_percent = 5;
    double full_percent = 95;  // of memory.high
    double roomy_percent = 85;
    milliseconds down_after{10'000};  // strain lasts so long: one step down, and another each time again
    milliseconds up_after{60'000};    // no strain for so long: one step up
    int lowest = 3;
};

class RateGovernor {
  public:
    explicit RateGovernor(const RateSettings& settings) : settings_(settings) {}

    /// To be called every second or so. Each change is told in the log.
    void look(const Strain& strain, BootTime now);
    /// 0: full rate, up to settings.lowest.
    [[nodiscard]] int step() const { return step_.load(std::memory_order_relaxed); }
    [[nodiscard]] const std::atomic<int>& steps() const { return step_; }
    /// Why the rate is below full.
    [[nodiscard]] RateReason reason() const { return step() == 0 ? RateReason::none : reason_; }
    /// " degraded=heat step=2" or nothing, for the status.
    [[nodiscard]] std::string trouble() const;

  private:
    [[nodiscard]] RateReason strained(const Strain& strain) const;
    [[nodiscard]] bool relaxed(const Strain& strain) const;
    void change(int step, const Strain& strain);

    RateSettings settings_;
    std::atomic<int> step_{0};
    RateReason reason_ = RateReason::none;
    std::optional<BootTime> strained_since_;
    std::optional<BootTime> relaxed_since_;
};

}  // namespace portcullis
