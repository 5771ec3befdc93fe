#pragma once
// A clock under the test's control: it stands still until the test moves it. Thread-safe.

#include <atomic>

#include "base/clock.hpp"

namespace portcullis::test {

class FakeClock final : public Clock {
  public:
    explicit FakeClock(UtcTime start = UtcTime(microseconds(1'750'000'000'000'000)))
        : utc_us_(start.time_since_epoch().count()) {}

    [[nodiscard]] UtcTime utc() const override { return UtcTime(microseconds(utc_us_.load())); }
    [[nodiscard]] BootTime since_boot() const override { return BootTime(microseconds(boot_us_.load())); }

    void advance(microseconds step) {
        utc_us_ += step.count();
        boot_us_ += step.count();
    }
    /// A step of the wall clock alone, as a late NTP answer makes it.
    void step_utc(microseconds step) { utc_us_ += step.count(); }
    /// The device starts anew after so long without power.
    void reboot(microseconds off) {
        utc_us_ += off.count();
        boot_us_ = 1'000'000;
    }

  private:
    std::atomic<std::int64_t> utc_us_;
    std::atomic<std::int64_t> boot_us_{1'000'000};
};

}  // namespace portcullis::test
