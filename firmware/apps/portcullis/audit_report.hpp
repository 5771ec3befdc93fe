#pragma once
// The entries of an audit log for an auditor: which he wants, as a table and as JSON. Values; thread-bound.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/portcullis/destruction_check.hpp"
#include "audit/audit_check.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// Empty: all.
struct AuditFilter {
    std::string who;
    std::string purpose;
    std::string case_number;
    std::string device;
    std::string since;  // days, UTC
    std::string until;

    /// Errors: configuration (not a day).
    [[nodiscard]] Result<void> check() const;
    [[nodiscard]] bool wants(const AuditEntry& entry) const;
};

class AuditListing {
  public:
    /// auditor: opens what was asked for; may be null. Both outlive the listing.
    AuditListing(const AuditFilter& filter, const RecipientKey* auditor)
        : filter_(filter), auditor_(auditor) {}

    void take(const AuditEntry& entry, ByteView asked);

    struct Line {
        AuditEntry entry;
        std::string asked;  // "": nothing; "(sealed)" without the auditor's key
    };
    [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
    /// How many each opened, and for what.
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::uint64_t>& sums() const {
        return sums_;
    }
    [[nodiscard]] std::string table() const;

  private:
    const AuditFilter& filter_;
    const RecipientKey* auditor_;
    std::vector<Line> lines_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> sums_;
};

/// listing: null for the findings alone; destructions: null when their records are not looked at.
[[nodiscard]] std::string to_json(const AuditReport& report, const AuditListing* listing,
                                  const DestructionCheck* destructions = nullptr);

}  // namespace portcullis
