#pragma once
// Which case files left a collector, by its audit log: for who traces a copy. Reentrant.

#include "audit/audit_log.hpp"
#include "casefile/leak_trace.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// Oldest first; those that were made only. auditor: opens recipients and canaries; nullptr: without them.
/// Errors: the database room's, refused (sealed to another auditor's key, or changed: names the entry).
[[nodiscard]] Result<std::vector<TracedCase>> traced_cases(AuditLog& log, const RecipientKey* auditor);

}  // namespace portcullis
