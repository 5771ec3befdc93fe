#pragma once
// HealthReport: what the reader tells of itself. Numbers and words of fixed lists, nothing that a camera saw;
// the counts of passages are coarse, so that two reports do not tell one passage. Values.

#include <cstdint>
#include <optional>
#include <string>

#include "core/chain.hpp"
#include "core/frame.hpp"

namespace portcullis {

enum class RateReason { none, heat, memory };
[[nodiscard]] const char* to_string(RateReason reason);
[[nodiscard]] std::optional<RateReason> rate_reason_from_string(std::string_view text);

/// Passages, records and unread ones are told in steps of this, rounded down.
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
    std::uint64_t passages = 0;  // coarse
    std::uint64_t records = 0;   // coarse
    std::uint64_t unread = 0;    // coarse
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

/// By the device, every now and then: its health, signed. It takes the place last + 1 and signs the link
/// before it, as a checkpoint does.
struct HealthStatement {
    std::string device;
    ChainId chain;
    HealthReport report;
    Seq last = 0;
    Digest link{};  // link(last)
    UtcTime time{};
};

}  // namespace portcullis
