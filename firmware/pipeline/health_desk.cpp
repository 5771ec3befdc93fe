#include "pipeline/health_desk.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/log.hpp"
#include "record/health_codec.hpp"

namespace portcullis {

namespace {

constexpr unsigned group_readable = 0640;
constexpr float most_fps = 10'000;  // what the codec takes
constexpr float most_offset_ms = 1'000'000;

std::optional<float> narrow(const std::optional<double>& value) {
    return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

}  // namespace

void HealthDesk::look(const HealthSources& sources) {
    const BootTime now = clock_->since_boot();
    if (now - made_.value_or(began_) < settings_.interval) return;
    const HealthReport report = make(sources, now);
    made_ = now;
    frames_then_ = report.frames;
    {
        const std::lock_guard lock(mutex_);
        latest_ = report;
        detail_.hot_zone = sources.strain.zone;
    }
    leave_note(coarsened(report), now);
}

std::optional<HealthRecord> HealthDesk::latest() const {
    const std::lock_guard lock(mutex_);
    if (!latest_) return std::nullopt;
    return HealthRecord{*latest_, detail_};
}

void HealthDesk::camera_is(std::string name) {
    const std::lock_guard lock(mutex_);
    detail_.camera = std::move(name);
    detail_.camera_trouble.clear();
}

void HealthDesk::camera_fails(std::string why) {
    const std::lock_guard lock(mutex_);
    detail_.camera_trouble = std::move(why);
}

HealthReport HealthDesk::make(const HealthSources& sources, BootTime now) {
    const RoadCounters& counters = sources.counters;
    const double seconds = std::chrono::duration<double>(now - made_.value_or(began_)).count();
    HealthReport report;
    report.uptime = std::chrono::floor<std::chrono::seconds>(now - began_);
    report.firmware = settings_.firmware;
    report.model = settings_.model;
    report.frames = counters.frames;
    report.frames_per_second =
        std::min(most_fps, static_cast<float>(static_cast<double>(report.frames - frames_then_) / seconds));
    report.frames_dropped = counters.frames_dropped;
    report.frames_spared = counters.frames_spared;
    report.pictures_broken = counters.pictures_broken;
    report.passages = counters.passages;
    report.records = counters.records;
    report.unread = counters.unread;
    report.records_lost = counters.records_lost;
    report.celsius = narrow(sources.strain.celsius);
    report.memory_stall_percent = narrow(sources.strain.memory_stall_percent);
    report.clock = sources.clock.look();
    report.clock_offset_ms =
        std::clamp(static_cast<float>(sources.clock_offset.count()) / 1000, -most_offset_ms, most_offset_ms);
    report.clock_steps = sources.clock.steps();
    report.camera_lost = counters.camera_lost;
    report.spool_trouble = counters.spool_trouble;
    report.trigger_trouble = sources.trigger_trouble;
    report.light_trouble = sources.light_trouble;
    report.rate_step = sources.governor.step();
    report.rate_reason = sources.governor.reason();
    return report;
}

void HealthDesk::leave_note(const HealthReport& report, BootTime now) {
    if (settings_.note.empty()) return;
    const auto text = encode_note({report, now});
    const auto left = text ? write_file_atomically(settings_.note, as_bytes(*text), group_readable)
                           : Result<void>(fail(Error(text.error())));
    if (left) {
        told_.clear();
        return;
    }
    if (std::exchange(told_, left.error().message()) == left.error().message()) return;
    log_error("health",
              "the note for the uplink cannot be left, the status goes without the reader: {}; cure=\"let "
              "this user "
              "write the folder of [status] note\"",
              told_);
}

}  // namespace portcullis
