#include "core/clock_watch.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "support/fake_clock.hpp"

using namespace portcullis;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr UtcTime in_2026{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};
constexpr UtcTime in_1970{std::chrono::hours(3)};

/// A device: its clock, and a kernel that says of it what the test wants.
struct Device {
    explicit Device(UtcTime now = in_2026, std::optional<ClockQuality> claim = std::nullopt)
        : clock(now), watch(clock, claim, [this] {
              ++asked;
              return kernel;
          }) {}
    ClockState after(microseconds time) {
        clock.advance(time);
        return watch.look();
    }
    test::FakeClock clock;
    KernelClock kernel{false, seconds(16)};
    int asked = 0;
    ClockWatch watch;
};

constexpr KernelClock in_step{true, milliseconds(12)};
constexpr KernelClock out_of_step{false, seconds(16)};

}  // namespace

TEST_CASE("what a clock is worth follows the kernel's own word") {
    struct Row {
        const char* what;
        UtcTime utc;
        KernelClock kernel;
        ClockState expected;
    };
    const std::vector<Row> rows = {
        {"never set", in_1970, out_of_step, {ClockQuality::none, {}, {}}},
        {"set by its battery", in_2026, out_of_step, {ClockQuality::rtc, {}, {}}},
        {"in step", in_2026, in_step, {ClockQuality::ntp, {}, milliseconds(12)}},
        {"in step, though years off", in_1970, in_step, {ClockQuality::ntp, {}, milliseconds(12)}},
        {"at the edge of in step", in_2026, {true, seconds(2)}, {ClockQuality::ntp, {}, seconds(2)}},
        {"its source went two hours ago, before this process began",
         in_2026,
         {true, milliseconds(3600)},
         {ClockQuality::holdover, hours(2), milliseconds(3600)}},
        {"a kernel that does not answer", in_2026, {false, {}}, {ClockQuality::rtc, {}, {}}},
    };
    for (const Row& row : rows) {
        Device device(row.utc);
        device.kernel = row.kernel;
        INFO(row.what);
        CHECK(device.watch.look() == row.expected);
    }
}

TEST_CASE("a clock that loses its time source is in holdover, its age and its error grow") {
    Device device;
    device.kernel = in_step;
    CHECK(device.watch.look().quality == ClockQuality::ntp);
    device.kernel = out_of_step;
    CHECK(device.after(seconds(10)) == ClockState{ClockQuality::holdover, seconds(10), milliseconds(17)});
    CHECK(device.after(hours(24) - seconds(10)) ==
          ClockState{ClockQuality::holdover, hours(24), milliseconds(43'212)});
    device.kernel = in_step;
    CHECK(device.after(seconds(1)) == ClockState{ClockQuality::ntp, {}, milliseconds(12)});
    CHECK(device.watch.steps() == 0);
}

TEST_CASE("a clock that was set by hand in holdover is no longer the one that was in step") {
    Device device;
    device.kernel = in_step;
    static_cast<void>(device.watch.look());
    device.kernel = out_of_step;
    CHECK(device.after(seconds(60)).quality == ClockQuality::holdover);
    device.clock.step_utc(hours(1));
    CHECK(device.after(seconds(1)).quality == ClockQuality::rtc);
    CHECK(device.after(seconds(60)).quality == ClockQuality::rtc);
    device.clock.step_utc(in_1970 - device.clock.utc());
    CHECK(device.after(seconds(1)).quality == ClockQuality::none);
}

TEST_CASE("jumps of UTC are seen either way, slewing is none") {
    Device device(in_1970);
    static_cast<void>(device.watch.look());
    const auto years = hours(24 * 365 * 56);
    device.clock.step_utc(years);
    static_cast<void>(device.after(seconds(1)));
    CHECK(device.watch.steps() == 1);
    CHECK(device.watch.last_step() == years);
    device.clock.step_utc(-years);
    static_cast<void>(device.after(hours(5)));
    CHECK(device.watch.steps() == 2);
    CHECK(device.watch.last_step() == -years);
    for (int i = 0; i < 100; ++i) {
        device.clock.step_utc(milliseconds(83));  // as fast as chrony slews
        static_cast<void>(device.after(seconds(1)));
    }
    CHECK(device.watch.steps() == 2);
}

TEST_CASE("the kernel is asked once a second, however often the state is wanted") {
    Device device;
    for (int i = 0; i < 100; ++i)
        static_cast<void>(device.after(milliseconds(33)));
    CHECK(device.asked == 4);
}

TEST_CASE("a claim of the settings stands in the place of the kernel's word, whose error bound stays") {
    Device device(in_2026, ClockQuality::gnss);
    CHECK(device.watch.look() == ClockState{ClockQuality::gnss, {}, {}});
    device.kernel = in_step;
    CHECK(device.after(seconds(2)) == ClockState{ClockQuality::gnss, {}, milliseconds(12)});
}

TEST_CASE("this machine's kernel answers, in step or not") {
    const KernelClock kernel = read_kernel_clock();
    CHECK(kernel.max_error >= microseconds{0});
    if (kernel.in_step) CHECK(kernel.max_error <= seconds(16));
}

TEST_CASE("clock qualities survive their text form and others are refused") {
    for (int i = 0; i <= static_cast<int>(ClockQuality::ptp); ++i) {
        const auto quality = static_cast<ClockQuality>(i);
        CHECK(clock_quality_from_string(to_string(quality)) == quality);
    }
    CHECK_FALSE(clock_quality_from_string("good"));
    CHECK_FALSE(clock_quality_from_string(""));
}
