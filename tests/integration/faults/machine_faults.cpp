// The machine: heat, memory, clock; and what stands beside the camera.
#include <fstream>

#include "core/clock_watch.hpp"
#include "drivers/gpio/gpio_illuminator.hpp"
#include "drivers/gpio/gpio_trigger.hpp"
#include "health/clock_teller.hpp"
#include "health/rate_governor.hpp"
#include "integration/faults/fault_row.hpp"
#include "pipeline/health_desk.hpp"
#include "pipeline/roadside.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

namespace {

using std::chrono::seconds;

/// A machine of files, looked at once a second.
struct Machine {
    TempDir folder;
    StrainPlaces places{folder.path(), {folder.path() / "pressure"}, {}};
    RateGovernor governor{RateSettings{}};
    BootTime now{seconds(1)};

    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((folder.path() / file).parent_path());
        std::ofstream(folder.path() / file) << text;
    }
    void hot(const std::string& millidegrees) const {
        write("thermal_zone0/type", "cpu-thermal\n");
        write("thermal_zone0/temp", millidegrees + "\n");
    }
    void stalled(const std::string& percent) const {
        write("pressure", "some avg10=" + percent + " avg60=0.00 avg300=0.00 total=0\n");
    }
    std::string after(int time) {
        for (int i = 0; i < time; ++i) {
            now += seconds(1);
            governor.look(measure_strain(places), now);
        }
        const std::string trouble = governor.trouble();
        return trouble.empty() ? "running" : trouble.substr(1);
    }
};

Seen heat(const std::string& millidegrees, int for_seconds) {
    const LogCatcher log;
    Machine machine;
    machine.hot(millidegrees);
    Seen seen{machine.after(for_seconds), log.text(), false};
    machine.hot("45000");
    seen.recovered = machine.after(200) == "running";
    return seen;
}

Seen want_of_memory() {
    const LogCatcher log;
    Machine machine;
    machine.stalled("55.00");
    Seen seen{machine.after(11), log.text(), false};
    machine.stalled("0.00");
    seen.recovered = machine.after(61) == "running";
    return seen;
}

/// What UTC is worth after `change`, and after a time source is back.
Seen clock_after(const std::function<void(FakeClock&, KernelClock&)>& change) {
    const LogCatcher log;
    FakeClock clock{UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 26))};
    KernelClock kernel{true, milliseconds(10)};
    ClockWatch watch(clock, std::nullopt, [&] { return kernel; });
    ClockTeller teller;
    teller.tell(watch);
    change(clock, kernel);
    clock.advance(seconds(2));
    teller.tell(watch);
    Seen seen{fmt::format("clk={}", to_string(watch.look().quality)), log.text(), false};
    kernel = {true, milliseconds(10)};
    clock.advance(seconds(2));
    seen.recovered = watch.look().quality == ClockQuality::ntp;
    return seen;
}

/// The disk or folder of the status is not there.
Seen no_place_for_the_note() {
    const LogCatcher log;
    const TempDir folder;
    FakeClock clock;
    const auto place = folder.path() / "status";
    HealthDesk desk({"0.1.0", "", place / "reader.json", seconds(60)}, clock);
    ClockWatch watch(clock, std::nullopt, [] { return KernelClock(); });
    const RateGovernor governor{RateSettings{}};
    const RoadCounters counters;
    const auto look = [&] {
        clock.advance(seconds(60));
        desk.look({counters, Strain(), watch, governor});
        return std::filesystem::exists(place / "reader.json");
    };
    Seen seen{look() ? "left" : "status without the reader", log.text(), false};
    std::filesystem::create_directory(place);
    seen.recovered = look() && desk.latest().has_value();
    return seen;
}

class ToyTrigger final : public Trigger {
  public:
    Result<bool> seen() override {
        if (broken) return fail(ErrorCode::io, "line 4 of gpiochip0: the chip is gone");
        return false;
    }
    bool broken = true;
};

class ToyIlluminator final : public Illuminator {
  public:
    Result<void> light(bool) override {
        if (broken) return fail(ErrorCode::io, "line 5 of gpiochip0: the chip is gone");
        return {};
    }
    Result<void> night_filter(bool) override { return {}; }
    bool broken = true;
};

Frame frame_at(seconds time) {
    static const std::vector<std::uint8_t> pixels(64 * 36, 80);
    Frame frame;
    frame.view = {PixelFormat::grey8, 64, 36, {{{pixels.data(), 64}}}};
    frame.sensor_time = BootTime(time);
    return frame;
}

std::string state_of(const Roadside& roadside) {
    return roadside.trouble().empty() ? "running" : roadside.trouble().substr(1);
}

Seen trigger_fails() {
    const LogCatcher log;
    ToyTrigger trigger;
    Roadside roadside({}, &trigger, nullptr);
    const bool searched = roadside.before(frame_at(seconds(1)));
    Seen seen{state_of(roadside), log.text(), false};
    trigger.broken = false;
    seen.recovered = searched && !roadside.before(frame_at(seconds(10))) && roadside.trouble().empty();
    return seen;
}

Seen lamp_fails() {
    const LogCatcher log;
    ToyIlluminator lamp;
    Roadside roadside({}, nullptr, &lamp);
    const bool searched = roadside.before(frame_at(seconds(1)));
    Seen seen{state_of(roadside), log.text(), false};
    lamp.broken = false;
    seen.recovered = searched && roadside.before(frame_at(seconds(60))) && roadside.trouble().empty();
    return seen;
}

/// Wiring that is not there: the reader does without (apps/reader/walk.cpp).
template <class Part>
Seen without(const Result<std::unique_ptr<Part>>& opened) {
    Roadside roadside({}, nullptr, nullptr);
    return {opened ? "running" : "done without", opened ? "" : opened.error().message(),
            roadside.before(frame_at(seconds(1)))};
}

}  // namespace

FaultRows machine_faults() {
    const char* const cool = "back to full rate, a step a minute, when it is cool";
    return {
        {"machine", Fault::error, "too hot for 11 s", "degraded=heat step=1", "celsius=91.5 zone=cpu-thermal",
         cool, [] { return heat("91500", 11); }},
        {"machine", Fault::error, "too hot for minutes", "degraded=heat step=3", "rate step 3 of 3 for heat",
         cool, [] { return heat("91500", 300); }},
        {"machine", Fault::full, "short of memory", "degraded=memory step=1", "memory_stall_percent=55.0",
         "back to full rate when nothing waits for memory", want_of_memory},
        {"clock", Fault::offline, "the time source goes away", "clk=holdover",
         "quality=holdover: UTC has lost its time source", "each record says so; ntp when it is back",
         [] { return clock_after([](FakeClock&, KernelClock& kernel) {
                  kernel = {false, seconds(16)};
              }); }},
        {"clock", Fault::error, "UTC is set back by 40 years", "clk=none", "UTC was set by s=-1",
         "order, passages and patience go by the boot clock; ntp when a time source is there",
         [] {
             return clock_after([](FakeClock& clock, KernelClock& kernel) {
                 kernel = {false, seconds(16)};
                 clock.step_utc(-std::chrono::hours(24 * 365 * 40));
             });
         }},
        {"status", Fault::full, "the folder of the note is missing or full", "status without the reader",
         "the note for the uplink cannot be left", "the next note is left when it can be",
         no_place_for_the_note},
        {"trigger", Fault::error, "its contact cannot be asked", "degraded=trigger",
         "the trigger cannot be asked, every frame is searched", "goes on by itself when it can",
         trigger_fails},
        {"trigger", Fault::offline, "its GPIO line is missing", "done without",
         "no such GPIO chip; there are:", "every frame is searched; read anew at the next start",
         [] {
             return without(GpioTrigger::create({"no-such-chip", "TRIGGER"}));
         }},
        {"illuminator", Fault::error, "the lamp cannot be switched", "degraded=light",
         "lamp or filter cannot be switched", "tried again every 10 s", lamp_fails},
        {"illuminator", Fault::offline, "its GPIO line is missing", "done without",
         "no such GPIO chip; there are:", "the lamp stays as it is; read anew at the next start",
         [] {
             return without(GpioIlluminator::create(gpio::LineName{"no-such-chip", "3"}, std::nullopt));
         }},
    };
}

}  // namespace portcullis::test
