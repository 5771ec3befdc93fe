#pragma once
// Walks an audit log against what its witness signed, and says what was done to it. It only reads; of the
// log's file it believes nothing. Reentrant.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_log.hpp"

namespace portcullis {

enum class AuditFault {
    changed,            // an entry does not follow from the one before
    unreadable,         // an entry's text is not one that we write
    misnumbered,        // an entry says another number than its place, or stands where none may
    missing,            // no entry under these numbers
    question_changed,   // what was asked for, sealed, is not what the entry says
    cut,                // the log ends before an entry that the witness signed
    rewritten,          // all fits together, but it is not what the witness signed
    replaced,           // the witness signed of another log
    forged_statement,   // signed by nobody who was named, or damaged
    missing_statement,  // the witness's statements do not follow one another
    late,               // entries wait for the witness for too long
    // From here on: worth knowing, no doubt.
    clock_back,    // the clock of the log's host was set back
    not_taken_in,  // the witness has signed more than the log holds: hand it in
    stale,         // the witness has not come for a while, and entries wait for him
};
[[nodiscard]] std::string_view to_string(AuditFault fault);
[[nodiscard]] bool is_doubt(AuditFault fault);
/// What it means, in a sentence.
[[nodiscard]] std::string_view meaning(AuditFault fault);

struct AuditFinding {
    AuditFault fault = AuditFault::changed;
    std::uint64_t first = 0;  // entries; of statement faults the statement's number
    std::uint64_t last = 0;
};

/// Further ones are counted only.
inline constexpr std::size_t max_audit_findings = 1000;

struct AuditReport {
    ChainId log;
    std::uint64_t entries = 0;
    std::uint64_t granted = 0;  // what they opened, by their counts
    std::uint64_t refused = 0;
    std::uint64_t witnessed = 0;  // up to here nobody but the witness can change anything
    std::uint64_t statements = 0;
    std::optional<UtcTime> witnessed_at;
    std::uint64_t waiting = 0;           // entries behind `witnessed`
    std::chrono::seconds waits{};        // how old the oldest of them is
    std::chrono::seconds witness_age{};  // how long ago the witness signed last
    std::vector<AuditFinding> findings;
    std::uint64_t more_findings = 0;

    [[nodiscard]] bool in_order() const;
};

struct AuditCheck {
    const WitnessKeys& keys;
    /// All that the witness has kept, from his own host: without it a log that was replaced whole, or cut
    /// together with its statements, cannot be told from a young one.
    std::vector<Bytes> kept = {};
    UtcTime now{};
    std::chrono::minutes patience = std::chrono::hours(24);  // how long an entry may wait for the witness
    std::chrono::minutes fresh = std::chrono::hours(2);      // and without a warning: he comes every hour
};

/// seen: of each entry that can be read, in order; may be empty. Errors: the database room's.
[[nodiscard]] Result<AuditReport> check_audit(AuditLog& log, const AuditCheck& check,
                                              const std::function<void(const AuditEntry&, ByteView)>& seen);

/// The report in sentences, for a person.
[[nodiscard]] std::string text_of(const AuditReport& report);

}  // namespace portcullis
