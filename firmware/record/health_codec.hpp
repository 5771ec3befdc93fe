#pragma once
// The texts of a device's health (core/health_report.hpp), canonical JSON: the payload of a sealed health
// record, and the reader's note to the uplink, which signs nothing. Whoever takes a note apart and puts it
// together again passes on numbers and words of fixed lists and nothing else. Pure functions, reentrant.
// encode: invalid_argument names the field out of range. parse: refused names the key where the text leaves
// the canonical form.

#include <string>
#include <string_view>

#include "base/sha256.hpp"
#include "core/health_report.hpp"
#include "record/canonical.hpp"
#include "record/payload.hpp"

namespace portcullis {

inline constexpr std::size_t max_health_bytes = 2048;  // of a note
/// Every health record's text has this length, the usual read's too: its blob tells nothing by its length.
inline constexpr std::size_t health_payload_bytes = min_payload_bytes;
inline constexpr std::size_t max_camera_bytes = 96;
inline constexpr std::size_t max_trouble_bytes = 160;
inline constexpr std::size_t max_zone_bytes = 32;
/// Versions are of 0-9, a-z, A-Z, '.', '+', '~' and '-'; digests of 0-9 and a-f.
inline constexpr std::size_t max_version_bytes = 32;

/// The reader's note: its report, and when it was made by the boot clock, which both processes share.
struct HealthNote {
    HealthReport report;
    BootTime made{};
    bool operator==(const HealthNote&) const = default;
};

[[nodiscard]] Result<std::string> encode_note(const HealthNote& note);
[[nodiscard]] Result<HealthNote> parse_note(std::string_view json);

/// What is signed and sealed. All but `record` is as in a read (payload.hpp).
struct HealthPayload {
    std::string fleet;
    std::string device;
    ChainId chain;
    std::string boot;
    Seq seq = 0;
    Digest previous{};
    Digest last_receipt{};
    UtcTime time{};  // when it was sealed, by the device's clock
    HealthRecord record;
    Digest recipients{};
    Digest recipient_set{};
    bool stale_set = false;
};

[[nodiscard]] Result<std::string> encode_health(const HealthPayload& payload);
[[nodiscard]] Result<HealthPayload> parse_health(std::string_view json);

/// The report's keys alone, as they stand in note and status: "up":12,"fw":"0.1.0", ... Its counts of
/// passages must be coarse.
void write_report(CanonicalWriter& out, const HealthReport& report);

}  // namespace portcullis
