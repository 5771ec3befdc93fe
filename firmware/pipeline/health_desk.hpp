#pragma once
// HealthDesk: gathers the reader's health at a fixed pace, never because something passed, and leaves it for
// the uplink as a note, its counts of passages coarse. look: the supervising thread; the others: any thread.

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock_watch.hpp"
#include "core/health_report.hpp"
#include "health/rate_governor.hpp"
#include "pipeline/road.hpp"

namespace portcullis {

struct HealthDeskSettings {
    std::string firmware;        // version
    std::string model;           // digest of the weights, hex
    std::filesystem::path note;  // empty: no note is left
    std::chrono::seconds interval{60};
};

/// What the road's supervisor knows of itself.
struct HealthSources {
    const RoadCounters& counters;
    const Strain& strain;
    ClockWatch& clock;
    const RateGovernor& governor;
    bool trigger_trouble = false;
    bool light_trouble = false;
    microseconds clock_offset{0};
};

class HealthDesk {
  public:
    /// clock outlives it.
    HealthDesk(HealthDeskSettings settings, const Clock& clock)
        : settings_(std::move(settings)), clock_(&clock), began_(clock.since_boot()) {}

    /// Every second or so; makes a report when the interval is over. Trouble with the note is told once and
    /// ends nothing.
    void look(const HealthSources& sources);
    /// The newest report, exact, with what is known of the camera; what the spool holds is not this desk's to
    /// say. Nothing before the first interval is over.
    [[nodiscard]] std::optional<HealthRecord> latest() const;
    /// A camera was opened: driver and name.
    void camera_is(std::string name);
    /// It cannot be opened.
    void camera_fails(std::string why);

  private:
    [[nodiscard]] HealthReport make(const HealthSources& sources, BootTime now);
    void leave_note(const HealthReport& report, BootTime now);

    HealthDeskSettings settings_;
    const Clock* clock_;
    BootTime began_;
    std::optional<BootTime> made_;
    std::uint64_t frames_then_ = 0;
    std::string told_;
    mutable std::mutex mutex_;
    std::optional<HealthReport> latest_;
    HealthDetail detail_;
};

}  // namespace portcullis
