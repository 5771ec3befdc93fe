#pragma once
// The texts of a device's health (core/health_report.hpp): canonical JSON, as a signed statement of the chain
// and as the reader's note to the uplink, which signs nothing. Whoever takes a note apart and puts it
// together again passes on numbers and words of fixed lists and nothing else. Pure functions, reentrant.
// encode: invalid_argument names the field out of range. parse: refused names the key where the text leaves
// the canonical form.

#include <string>
#include <string_view>

#include "core/health_report.hpp"
#include "core/statement.hpp"
#include "record/canonical.hpp"
#include "record/statement_codec.hpp"

namespace portcullis {

inline constexpr std::size_t max_health_bytes = 2048;
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

[[nodiscard]] Result<std::string> encode_health(const HealthStatement& health);
[[nodiscard]] Result<HealthStatement> parse_health(std::string_view json);

/// The report's keys alone, as they stand in both: "up":12,"fw":"0.1.0", ...
void write_report(CanonicalWriter& out, const HealthReport& report);

}  // namespace portcullis
