#pragma once
// The retention schedule: for each jurisdiction (a fleet: those who seal to one recipient set) and purpose,
// how long an epoch is and how long its key is kept after it; signed by the policy key. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/recipient_set.hpp"

namespace portcullis {

struct RetentionRule {
    std::string fleet;
    Purpose purpose = Purpose::read;
    std::chrono::minutes epoch{};  // its length
    std::chrono::minutes keep{};   // from its end on
    bool operator==(const RetentionRule&) const = default;

    /// When a key of an epoch that began then must be gone. What is captured is readable for at least `keep`
    /// and for at most `epoch` more.
    [[nodiscard]] UtcTime due(EpochStart begins) const { return UtcTime(begins + epoch + keep); }
};

struct RetentionSchedule {
    std::uint64_t version = 0;         // from 1; nobody goes back to a lower one
    UtcTime issued{};                  // by the policy key's clock
    std::vector<RetentionRule> rules;  // ascending by fleet and purpose, no two alike; at least one
    bool operator==(const RetentionSchedule&) const = default;

    /// Borrowed; null when it has none.
    [[nodiscard]] const RetentionRule* find(std::string_view fleet, Purpose purpose) const;
};

/// "90 minutes", "1 day": a whole number of the largest of minutes, hours and days.
[[nodiscard]] std::string span_text(std::chrono::minutes span);
/// A number and minutes, hours, days, weeks or years (of 365 days), in the singular too.
[[nodiscard]] std::optional<std::chrono::minutes> span_from_text(std::string_view text);

}  // namespace portcullis
