#pragma once
// How much one person may take out, and how much may leave of one site, in a day; counted from the audit log,
// so no restart forgets it. Beyond it nothing is made, and an alarm stands in the log. Thread-bound.

#include <optional>

#include "audit/usage.hpp"
#include "casefile/case_request.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

struct CaseLimits {
    std::uint64_t files = 5;          // of one person in a day
    std::uint64_t reads = 500;        // the same
    std::uint64_t site_reads = 1000;  // of one site in a day
};

/// What left the collector within a day before now, and which files were begun within a request's life.
struct CaseHistory {
    Usage usage;
    UtcTime since{};
    std::vector<ChainId> begun;

    [[nodiscard]] bool has_begun(const ChainId& id) const;
};

/// Errors: AuditLog::since's.
[[nodiscard]] Result<CaseHistory> history_of(AuditLog& log, UtcTime now);

/// What would be over its limit, in words for who asked; nothing when all is within. reads: empty to ask
/// about the file alone.
[[nodiscard]] std::optional<std::string> breach_of(const CaseLimits& limits, const CaseHistory& history,
                                                   const AccessPolicy& policy, const std::string& account,
                                                   const std::vector<CasePlace>& reads);

}  // namespace portcullis
