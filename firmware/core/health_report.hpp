#pragma once
// HealthReport: what the reader knows of itself. Numbers and words of fixed lists, nothing that a camera saw.
// Told in the open (the status), its counts of passages are coarse, so that two reports do not tell one
// passage; exact, and with HealthDetail beside it, it is sealed only. Values.

#include <cstdint>
#include <optional>
#include <string>

#include "core/frame.hpp"
#include "core/ids.hpp"

namespace portcullis {

enum class RateReason { none, heat, memory };
[[nodiscard]] const char* to_string(RateReason reason);
[[nodiscard]] std::optional<RateReason> rate_reason_from_string(std::string_view text);

/// In the open, passages, records and unread ones are told in steps of this, rounded down.
inline constexpr std::uint64_t coarse_step = 10;
[[nodiscard]] constexpr std::uint64_t coarse(std::uint64_t count) {
    return count - count % coarse_step;
}

struct HealthReport {
    std::chrono::seconds uptime{0};  // of the reader
    std::string firmware;            // version
    std::string model;               // digest of the weights, hex
    float frames_per_second = 0;     // from the camera, since the report before
    std::uint64_t frames = 0;        // these and the next: since the reader's start
    std::uint64_t frames_dropped = 0;
    std::uint64_t frames_spared = 0;
    std::uint64_t pictures_broken = 0;
    std::uint64_t passages = 0;
    std::uint64_t records = 0;
    std::uint64_t unread = 0;
    std::uint64_t records_lost = 0;
    std::optional<float> celsius;               // of the hottest zone
    std::optional<float> memory_stall_percent;  // of the last 10 s
    ClockState clock;
    float clock_offset_ms = 0;  // what the kernel still slews away; 0 while nothing keeps it in step
    std::uint64_t clock_steps = 0;
    bool camera_lost = false;
    bool spool_trouble = false;
    bool trigger_trouble = false;  // it cannot be asked, or was not there at the start
    bool light_trouble = false;
    int rate_step = 0;  // 0: full rate
    RateReason rate_reason = RateReason::none;
    bool operator==(const HealthReport&) const = default;
};

/// As it may be told in the open.
[[nodiscard]] inline HealthReport coarsened(HealthReport report) {
    report.passages = coarse(report.passages);
    report.records = coarse(report.records);
    report.unread = coarse(report.unread);
    return report;
}

/// What an operator or auditor wants to know besides, and a broker should not: names of devices, and what the
/// spool holds just now.
struct HealthDetail {
    std::string camera;  // driver and name, as "v4l2 /dev/video0 (Plate Camera)"; empty before the first
    std::string camera_trouble;       // why there is none now; empty while there is
    std::string hot_zone;             // the thermal zone that `celsius` is of
    std::uint64_t waiting_items = 0;  // in the spool, without a receipt yet
    std::uint64_t waiting_bytes = 0;
    std::chrono::seconds oldest_waiting{0};  // since the oldest of them came
    Seq received = 0;                        // the last seq that a receipt came for
    std::uint64_t shed_reads = 0;            // of this chain so far, under quota: each declared
    std::uint64_t shed_pictures = 0;
    bool operator==(const HealthDetail&) const = default;
};

struct HealthRecord {
    HealthReport report;
    HealthDetail detail;
    bool operator==(const HealthRecord&) const = default;
};

}  // namespace portcullis
